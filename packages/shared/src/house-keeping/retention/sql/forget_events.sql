-- Deletes at most p_limit events that are older than `kept_for('event')`: those of the caller's product, oldest first,
-- then those about accounts themselves. Returns how many.
CREATE OR REPLACE FUNCTION forget_events(p_product text, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
  v_more integer;
BEGIN
  PERFORM require_product(p_product);
  WITH due AS MATERIALIZED (SELECT seq FROM event WHERE product = p_product AND created_at < now() - kept_for('event')
    ORDER BY created_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM event e USING due WHERE e.seq = due.seq;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  WITH due AS MATERIALIZED (SELECT seq FROM event WHERE product IS NULL AND created_at < now() - kept_for('event')
    ORDER BY created_at LIMIT p_limit - v_count FOR UPDATE SKIP LOCKED)
  DELETE FROM event e USING due WHERE e.seq = due.seq;
  GET DIAGNOSTICS v_more = ROW_COUNT;
  RETURN v_count + v_more;
END $$;
REVOKE ALL ON FUNCTION forget_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_events TO lumi_domains, lumi_vps, lumi_proxy;
