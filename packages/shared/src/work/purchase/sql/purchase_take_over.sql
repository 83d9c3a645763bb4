-- Recovery takes over at most p_limit orders whose deadline has passed, for p_lease_ms: a new attempt number fences the
-- holder before.
--
-- The rows are selected in a CTE, here and in every function that takes work. A subquery in FROM may run again for each
-- row it is joined with, and with SKIP LOCKED each run finds other rows, so that a take of ten took all rows
-- (db/taking.test.ts).
CREATE OR REPLACE FUNCTION purchase_take_over(p_product text, p_limit integer, p_lease_ms integer) RETURNS SETOF orders
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT d.id FROM orders d WHERE d.product = p_product AND d.state IN ('acting', 'pending') AND d.wake_at <= now()
          ORDER BY d.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE orders o SET attempt = o.attempt + 1, wake_at = now() + make_interval(secs => p_lease_ms / 1000.0) FROM due
    WHERE o.id = due.id RETURNING o.*;
END $$;
REVOKE ALL ON FUNCTION purchase_take_over FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purchase_take_over TO lumi_domains, lumi_vps, lumi_proxy;
