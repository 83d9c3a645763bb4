-- Deletes at most p_limit hours of usage that are older than `platform.kept_for('usage hour')`, oldest first. Returns
-- how many.
CREATE OR REPLACE FUNCTION forget_usage(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH due AS MATERIALIZED (SELECT ctid FROM usage_hour WHERE hour < now() - platform.kept_for('usage hour')
    ORDER BY hour LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM usage_hour h USING due WHERE h.ctid = due.ctid;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_usage FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_usage TO lumi_proxy;
