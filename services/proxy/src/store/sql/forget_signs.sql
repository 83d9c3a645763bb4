-- Deletes at most p_limit signs of abuse that are older than `platform.kept_for('sign of abuse')`, oldest first.
-- Returns how many.
CREATE OR REPLACE FUNCTION forget_signs(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH due AS MATERIALIZED (SELECT seq FROM abuse_sign WHERE at < now() - platform.kept_for('sign of abuse')
    ORDER BY at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM abuse_sign a USING due WHERE a.seq = due.seq;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_signs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_signs TO lumi_proxy;
