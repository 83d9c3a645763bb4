-- Deletes at most p_limit connections that are older than `platform.kept_for('connection')`, oldest first. Returns how
-- many. The numbers of their accounts are locked first, as where connections are written.
CREATE OR REPLACE FUNCTION forget_connections(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_due bigint[];
  v_count integer;
BEGIN
  v_due := ARRAY(SELECT seq FROM connection WHERE at < now() - platform.kept_for('connection') ORDER BY at
    LIMIT p_limit);
  PERFORM 1 FROM connection_count WHERE account_id IN (SELECT account_id FROM connection WHERE seq = ANY (v_due))
  ORDER BY account_id FOR NO KEY UPDATE;
  WITH gone AS (DELETE FROM connection WHERE seq = ANY (v_due) RETURNING account_id),
  counted AS (UPDATE connection_count c SET rows = c.rows - g.count
    FROM (SELECT account_id, count(*) AS count FROM gone GROUP BY 1) g WHERE g.account_id = c.account_id)
  SELECT count(*) INTO v_count FROM gone;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_connections FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_connections TO lumi_proxy;
