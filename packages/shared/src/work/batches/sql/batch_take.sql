-- Leases the next items of a batch, at most p_limit for p_lease_ms. With on_error 'stop' or a max_total the items are
-- taken by one worker after the other, in their order. An item that is not tried (cancelled, or after a failed one) has
-- the code `skipped`; `state_conflict` is only for an object that was tried.
CREATE OR REPLACE FUNCTION batch_take(p_product text, p_batch_id text, p_limit integer, p_lease_ms integer)
RETURNS TABLE (item integer, ref text, input jsonb, attempt integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_batch batch%ROWTYPE;
  v_next integer;
  v_skip text;
BEGIN
  PERFORM assert_product(p_product);
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND b.finished_at IS NULL FOR
    UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE batch b SET touched_at = now(), started_at = coalesce(b.started_at, now()), state = CASE
    WHEN b.state = 'queued' THEN 'running' ELSE b.state END WHERE b.id = p_batch_id;
  -- The workers that held these are gone. If an order was made, recovery settles it and the item with it; otherwise
  -- nothing has happened yet.
  WITH lost AS MATERIALIZED (SELECT d.item FROM batch_item d WHERE d.batch_id = p_batch_id AND d.state = 'running'
    AND d.lease_until < now() FOR UPDATE SKIP LOCKED)
  UPDATE batch_item i SET state = CASE WHEN i.order_id IS NULL THEN 'waiting' ELSE 'pending' END, lease_until = NULL
    FROM lost
    WHERE i.batch_id = p_batch_id AND i.item = lost.item;
  SELECT min(i.item) INTO v_next FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state = 'waiting';
  IF v_next IS NULL THEN
    RETURN;
  END IF;
  IF v_batch.state = 'cancelling' THEN
    v_skip := 'Cancelled before it was started.';
  ELSIF v_batch.on_error = 'stop' AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id
    AND i.state = 'failed' AND i.round = v_batch.round AND i.item < v_next) THEN
    v_skip := 'Not tried: an earlier item failed and on_error is ''stop''.';
  END IF;
  IF v_skip IS NOT NULL THEN
    UPDATE batch_item i SET state = 'failed', error_code = 'skipped', error_text = v_skip, settled_at = now()
      WHERE i.batch_id = p_batch_id AND i.state = 'waiting';
    RETURN;
  END IF;
  IF v_batch.on_error = 'stop' AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id
    AND i.state IN ('running', 'pending')) THEN
    RETURN;
  END IF;
  IF v_batch.max_total IS NOT NULL AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id
    AND i.state = 'running') THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH due AS MATERIALIZED (SELECT d.item FROM batch_item d WHERE d.batch_id = p_batch_id AND d.state = 'waiting'
      ORDER BY d.item LIMIT p_limit FOR UPDATE SKIP LOCKED),
    taken AS (
      UPDATE batch_item i SET state = 'running', attempt = i.attempt + 1,
        lease_until = now() + make_interval(secs => p_lease_ms / 1000.0)
      FROM due
      WHERE i.batch_id = p_batch_id AND i.item = due.item RETURNING i.item, i.ref, i.input, i.attempt)
    SELECT t.item, t.ref, t.input, t.attempt FROM taken t ORDER BY t.item;
END $$;
REVOKE ALL ON FUNCTION batch_take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION batch_take TO lumi_domains, lumi_vps, lumi_proxy;
