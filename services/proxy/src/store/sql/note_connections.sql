-- Keeps how connections through a node ended, those of an account that are known here only; sent again it changes
-- nothing. In the order of p_rows, as they ended: [{id, subject, at, client, protocol, target, exit, up, down, ms,
-- refusal}]. An account has at most 10,000: the oldest go.
CREATE OR REPLACE FUNCTION note_connections(p_node text, p_rows jsonb, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  c_most CONSTANT bigint := 10000;
  v_accounts text[];
  v_full record;
  v_count integer;
BEGIN
  WITH line AS MATERIALIZED (
    SELECT r.* FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (id text, subject text, at timestamptz, client inet,
      protocol text, target text, exit inet, up bigint, down bigint, ms integer, refusal text))
      WITH ORDINALITY AS r(id, subject, at, client, protocol, target, exit, up, down, ms, refusal, place)
  ), owner AS MATERIALIZED (
    SELECT id AS subject, account_id, NULL AS plan_id FROM proxy WHERE id IN (SELECT subject FROM line)
    UNION ALL SELECT id, account_id, id FROM traffic_plan WHERE id IN (SELECT subject FROM line)
    UNION ALL SELECT id, account_id, plan_id FROM subuser WHERE id IN (SELECT subject FROM line)
  ), fresh AS (
    INSERT INTO connection (id, account_id, subject, plan_id, node_id, at, client, protocol, target, exit, bytes_up,
      bytes_down, ms, refusal)
    SELECT l.id, o.account_id, l.subject, o.plan_id, p_node, least(l.at, p_now), l.client, l.protocol, l.target, l.exit,
      l.up, l.down, l.ms, l.refusal FROM line l JOIN owner o ON o.subject = l.subject ORDER BY l.place
    ON CONFLICT (id) DO NOTHING RETURNING account_id
  ), counted AS (
    INSERT INTO connection_count AS c (account_id, rows) SELECT account_id, count(*) FROM fresh GROUP BY 1 ORDER BY 1
    ON CONFLICT (account_id) DO UPDATE SET rows = c.rows + excluded.rows RETURNING c.account_id, c.rows
  )
  SELECT array_agg(account_id) FILTER (WHERE rows > c_most) INTO v_accounts FROM counted;

  FOR v_full IN SELECT account_id, rows - c_most AS beyond FROM connection_count WHERE account_id = ANY (v_accounts)
    ORDER BY 1
  LOOP
    DELETE FROM connection WHERE seq IN (SELECT seq FROM connection WHERE account_id = v_full.account_id
      ORDER BY seq LIMIT v_full.beyond);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    UPDATE connection_count SET rows = rows - v_count WHERE account_id = v_full.account_id;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION note_connections FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_connections TO lumi_proxy;
