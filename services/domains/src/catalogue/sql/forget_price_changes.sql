-- Deletes at most p_limit changes of prices that are older than `platform.kept_for('price change')`, oldest first.
-- Returns how many.
CREATE OR REPLACE FUNCTION forget_price_changes(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = domains, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH due AS MATERIALIZED (SELECT seq FROM price_change WHERE effective_at < now() - platform.kept_for('price change')
    ORDER BY effective_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM price_change c USING due WHERE c.seq = due.seq;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_price_changes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_price_changes TO lumi_domains;
