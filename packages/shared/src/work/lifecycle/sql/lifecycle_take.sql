-- Takes at most p_limit due objects, for p_lease_ms: a new attempt number fences the holder before.
CREATE OR REPLACE FUNCTION lifecycle_take(p_product text, p_noun text, p_now timestamptz, p_limit integer,
  p_lease_ms integer) RETURNS SETOF lifecycle
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT d.resource FROM lifecycle d WHERE d.product = p_product AND d.noun = p_noun AND d.wake_at <= p_now
        ORDER BY d.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE lifecycle l SET attempt = l.attempt + 1, wake_at = p_now + make_interval(secs => p_lease_ms / 1000.0)
      FROM due
    WHERE l.product = p_product AND l.resource = due.resource RETURNING l.*;
END $$;
REVOKE ALL ON FUNCTION lifecycle_take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lifecycle_take TO lumi_domains, lumi_vps, lumi_proxy;
