-- Deletes at most p_limit events of the caller's product that are older than `kept_for('event')`, oldest first. Returns
-- how many.
CREATE OR REPLACE FUNCTION forget_events(p_product text, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM require_product(p_product);
  WITH due AS MATERIALIZED (SELECT seq FROM event WHERE product = p_product AND created_at < now() - kept_for('event')
    ORDER BY created_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM event e USING due WHERE e.seq = due.seq;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_events TO lumi_domains, lumi_vps, lumi_proxy;
