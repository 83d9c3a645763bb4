-- Deletes at most p_limit hours of usage that are older than `platform.kept_for('usage hour')`, oldest first. Returns
-- how many. Their bytes stay in usage_forgotten, where the check of the books needs them.
CREATE OR REPLACE FUNCTION forget_usage(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH due AS MATERIALIZED (SELECT ctid FROM usage_hour WHERE hour < now() - platform.kept_for('usage hour')
    ORDER BY hour LIMIT p_limit FOR UPDATE SKIP LOCKED),
  gone AS (DELETE FROM usage_hour h USING due WHERE h.ctid = due.ctid RETURNING h.subject, h.bytes_up + h.bytes_down
    AS bytes),
  kept AS (INSERT INTO usage_forgotten AS f (subject, bytes) SELECT subject, sum(bytes) FROM gone GROUP BY 1 ORDER BY 1
    ON CONFLICT (subject) DO UPDATE SET bytes = f.bytes + excluded.bytes)
  SELECT count(*) INTO v_count FROM gone;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_usage FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_usage TO lumi_proxy;
