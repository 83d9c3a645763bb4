-- An operator takes one running operation over, as order_seize does with an order: the new attempt fences recovery and
-- every other holder. Returns no row for an operation that is over, unknown or another product's. A lease of 0 makes it
-- due for recovery at once.
CREATE OR REPLACE FUNCTION operation_seize(p_product text, p_id text, p_lease_ms integer) RETURNS SETOF operation
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  RETURN QUERY
    UPDATE operation o SET attempt = o.attempt + 1, wake_at = now() + make_interval(secs => p_lease_ms / 1000.0)
    WHERE o.id = p_id AND o.product = p_product AND o.state = 'running' RETURNING o.*;
END $$;
REVOKE ALL ON FUNCTION operation_seize FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operation_seize TO lumi_domains, lumi_vps, lumi_proxy;
