-- Deletes at most p_limit quotes of the caller's product that ended longer than `kept_for('quote')` before p_before,
-- and returns how many. Used lines stay in quote_use.
CREATE OR REPLACE FUNCTION forget_quotes(p_before timestamptz, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH due AS MATERIALIZED (SELECT id FROM quote WHERE expires_at < least(p_before, now()) - kept_for('quote')
    AND acts_for(product)
    ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM quote q USING due WHERE q.id = due.id;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_quotes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_quotes TO lumi_domains, lumi_vps, lumi_proxy;
