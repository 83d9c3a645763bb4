-- An operator takes one open order over: the new attempt fences recovery and every other holder. Returns no row for an
-- order that is final, unknown or another product's. A lease of 0 makes it due for recovery at once.
CREATE OR REPLACE FUNCTION order_seize(p_product text, p_order_id text, p_lease_ms integer) RETURNS SETOF orders
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  RETURN QUERY
    UPDATE orders o SET attempt = o.attempt + 1, wake_at = now() + make_interval(secs => p_lease_ms / 1000.0)
    WHERE o.id = p_order_id AND o.product = p_product AND o.settled_at IS NULL RETURNING o.*;
END $$;
REVOKE ALL ON FUNCTION order_seize FROM PUBLIC;
GRANT EXECUTE ON FUNCTION order_seize TO lumi_domains, lumi_vps, lumi_proxy;
