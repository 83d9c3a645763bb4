-- Leases at most p_limit staged jobs of its product to the relay, in their order, for p_lease_ms.
CREATE OR REPLACE FUNCTION outbox_take(p_product text, p_limit integer, p_lease_ms integer) RETURNS SETOF outbox
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT d.id FROM outbox d WHERE d.product = p_product AND (d.taken_until IS NULL OR d.taken_until < now())
        ORDER BY d.id LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE outbox o SET taken_until = now() + make_interval(secs => p_lease_ms / 1000.0) FROM due
    WHERE o.id = due.id RETURNING o.*;
END $$;
REVOKE ALL ON FUNCTION outbox_take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox_take TO lumi_domains, lumi_vps, lumi_proxy;
