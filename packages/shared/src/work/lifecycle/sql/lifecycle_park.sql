-- Releases objects that are not near their expiry (any more), or over. The steps that were done for the term are kept
-- for 400 days, because the object may come back. Returns how many were parked.
CREATE OR REPLACE FUNCTION lifecycle_park(p_product text, p_resources text[], p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM check_product_role(p_product);
  UPDATE lifecycle l SET parked_at = p_now, wake_at = NULL, renew_at = NULL, attempt = l.attempt + 1
    FROM (SELECT resource FROM lifecycle WHERE product = p_product AND resource = ANY (p_resources)
      AND parked_at IS NULL ORDER BY resource FOR UPDATE) x
    WHERE l.product = p_product AND l.resource = x.resource;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  DELETE FROM lifecycle WHERE ctid IN (SELECT ctid FROM lifecycle WHERE product = p_product
    AND parked_at < p_now - interval '400 days' LIMIT 500);
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION lifecycle_park FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lifecycle_park TO lumi_domains, lumi_vps, lumi_proxy;
