-- Deletes at most p_limit lines of usage that could not be billed and are older than
-- `platform.kept_for('unplaced usage')`, oldest first. Returns how many.
CREATE OR REPLACE FUNCTION forget_usage_unplaced(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH due AS MATERIALIZED (SELECT id FROM usage_unplaced WHERE at < now() - platform.kept_for('unplaced usage')
    ORDER BY at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM usage_unplaced u USING due WHERE u.id = due.id;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_usage_unplaced FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_usage_unplaced TO lumi_proxy;
