-- Stages a wake-up for accounts whose wake-ups were all lost: with batches that were not touched for p_idle_ms and that
-- have work to do. It skips an account while a worker holds an item of it: on a slow machine a step takes longer than
-- p_idle_ms, and waking more workers would make every step slower still. Returns how many were woken.
CREATE OR REPLACE FUNCTION batch_sweep(p_product text, p_idle_ms integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM assert_product(p_product);
  INSERT INTO outbox (product, name, payload, once)
    SELECT p_product, 'advance-batches', jsonb_build_object('account_id', idle.account_id), 'sweep-' || idle.account_id
    FROM (
      SELECT b.account_id FROM batch b
      WHERE b.product = p_product AND b.finished_at IS NULL AND b.touched_at < now() - make_interval(secs => p_idle_ms /
        1000.0)
        AND (EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = b.id AND (i.state = 'waiting' OR (i.state = 'running'
          AND i.lease_until < now())))
             OR NOT EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = b.id
               AND i.state IN ('waiting', 'running', 'pending')))
        AND NOT EXISTS (SELECT 1 FROM batch o JOIN batch_item i ON i.batch_id = o.id
                        WHERE o.product = p_product AND o.account_id = b.account_id AND o.finished_at IS NULL
                          AND i.state = 'running' AND i.lease_until >= now())
      GROUP BY b.account_id ORDER BY min(b.touched_at) LIMIT p_limit) idle
    WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.product = p_product AND o.once = 'sweep-' || idle.account_id);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION batch_sweep FROM PUBLIC;
GRANT EXECUTE ON FUNCTION batch_sweep TO lumi_domains, lumi_vps, lumi_proxy;
