-- Deletes at most p_limit breaches of the caller's product that ended longer ago than `kept_for('cleared breach')`, and
-- returns how many. Every product deletes those of the books, which belong to none. An open breach is never deleted.
CREATE OR REPLACE FUNCTION forget_breaches(p_product text, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM require_product(p_product);
  WITH due AS MATERIALIZED (SELECT seq FROM breach WHERE scope IN (p_product, 'deposits-' || p_product, 'books')
    AND cleared_at < now() - kept_for('cleared breach') ORDER BY seq LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM breach b USING due WHERE b.seq = due.seq;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_breaches FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_breaches TO lumi_domains, lumi_vps, lumi_proxy;
