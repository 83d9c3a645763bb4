-- A subquery in FROM may be run again for every row it is joined with, and with SKIP LOCKED each run finds other rows: once the tables had statistics, a
-- take of ten took everything. As a CTE the rows are chosen once. Nothing else in these functions changes.

CREATE OR REPLACE FUNCTION purchase_take_over(p_product text, p_limit integer, p_lease_ms integer) RETURNS SETOF orders
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not recover orders of product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT d.id FROM orders d WHERE d.product = p_product AND d.state IN ('acting', 'pending') AND d.wake_at <= now()
          ORDER BY d.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE orders o SET attempt = o.attempt + 1, wake_at = now() + make_interval(secs => p_lease_ms / 1000.0) FROM due
    WHERE o.id = due.id RETURNING o.*;
END $$;

CREATE OR REPLACE FUNCTION deposit_take_due(p_limit integer, p_lease_ms integer) RETURNS SETOF deposit
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  WITH due AS MATERIALIZED (
    SELECT w.id FROM deposit w WHERE w.wake_at <= now() ORDER BY w.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  UPDATE deposit d SET wake_at = now() + make_interval(secs => p_lease_ms / 1000.0) FROM due
  WHERE d.id = due.id RETURNING d.*;
$$;

CREATE OR REPLACE FUNCTION operation_take_over(p_product text, p_limit integer, p_lease_ms integer) RETURNS SETOF operation
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not recover operations of product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT d.id FROM operation d WHERE d.product = p_product AND d.state = 'running' AND d.wake_at <= now()
          ORDER BY d.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE operation o SET attempt = o.attempt + 1, wake_at = now() + make_interval(secs => p_lease_ms / 1000.0) FROM due
    WHERE o.id = due.id RETURNING o.*;
END $$;

CREATE OR REPLACE FUNCTION outbox_take(p_product text, p_limit integer, p_lease_ms integer) RETURNS SETOF outbox
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT d.id FROM outbox d WHERE d.product = p_product AND (d.taken_until IS NULL OR d.taken_until < now()) ORDER BY d.id LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE outbox o SET taken_until = now() + make_interval(secs => p_lease_ms / 1000.0) FROM due
    WHERE o.id = due.id RETURNING o.*;
END $$;

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
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND b.finished_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE batch b SET touched_at = now(), started_at = coalesce(b.started_at, now()), state = CASE WHEN b.state = 'queued' THEN 'running' ELSE b.state END WHERE b.id = p_batch_id;
  -- Whoever held these is gone. Where an order was made, recovery settles it and the item with it; elsewhere nothing happened yet.
  WITH lost AS MATERIALIZED (SELECT d.item FROM batch_item d WHERE d.batch_id = p_batch_id AND d.state = 'running' AND d.lease_until < now() FOR UPDATE SKIP LOCKED)
  UPDATE batch_item i SET state = CASE WHEN i.order_id IS NULL THEN 'waiting' ELSE 'pending' END, lease_until = NULL
    FROM lost
    WHERE i.batch_id = p_batch_id AND i.item = lost.item;
  SELECT min(i.item) INTO v_next FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state = 'waiting';
  IF v_next IS NULL THEN
    RETURN;
  END IF;
  IF v_batch.state = 'cancelling' THEN
    v_skip := 'Cancelled before it was started.';
  ELSIF v_batch.on_error = 'stop' AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state = 'failed' AND i.round = v_batch.round AND i.item < v_next) THEN
    v_skip := 'Not tried: an earlier item failed and on_error is ''stop''.';
  END IF;
  IF v_skip IS NOT NULL THEN
    UPDATE batch_item i SET state = 'failed', error_code = 'state_conflict', error_text = v_skip, settled_at = now() WHERE i.batch_id = p_batch_id AND i.state = 'waiting';
    RETURN;
  END IF;
  IF v_batch.on_error = 'stop' AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state IN ('running', 'pending')) THEN
    RETURN;
  END IF;
  IF v_batch.max_total IS NOT NULL AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state = 'running') THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH due AS MATERIALIZED (SELECT d.item FROM batch_item d WHERE d.batch_id = p_batch_id AND d.state = 'waiting' ORDER BY d.item LIMIT p_limit FOR UPDATE SKIP LOCKED),
    taken AS (
      UPDATE batch_item i SET state = 'running', attempt = i.attempt + 1, lease_until = now() + make_interval(secs => p_lease_ms / 1000.0)
      FROM due
      WHERE i.batch_id = p_batch_id AND i.item = due.item RETURNING i.item, i.ref, i.input, i.attempt)
    SELECT t.item, t.ref, t.input, t.attempt FROM taken t ORDER BY t.item;
END $$;

CREATE OR REPLACE FUNCTION forget_quotes(p_before timestamptz, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH due AS MATERIALIZED (SELECT id FROM quote WHERE expires_at < least(p_before, now()) ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM quote q USING due WHERE q.id = due.id;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

CREATE OR REPLACE FUNCTION lifecycle_take(p_product text, p_noun text, p_now timestamptz, p_limit integer, p_lease_ms integer) RETURNS SETOF lifecycle
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT d.resource FROM lifecycle d WHERE d.product = p_product AND d.noun = p_noun AND d.wake_at <= p_now ORDER BY d.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE lifecycle l SET attempt = l.attempt + 1, wake_at = p_now + make_interval(secs => p_lease_ms / 1000.0) FROM due
    WHERE l.product = p_product AND l.resource = due.resource RETURNING l.*;
END $$;
