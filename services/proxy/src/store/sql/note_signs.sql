-- Keeps signs of abuse: one of each sign, subject and hour, whichever node saw it first, and at most 1,000 of a sign in
-- an hour. p_rows: [{sign, who, at}]. Returns those that are new.
CREATE OR REPLACE FUNCTION note_signs(p_node text, p_rows jsonb, p_now timestamptz)
RETURNS TABLE (sign text, who text, account_id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
#variable_conflict use_column
DECLARE
  c_most CONSTANT integer := 1000;
BEGIN
  RETURN QUERY
    WITH line AS MATERIALIZED (
      SELECT DISTINCT ON (r.sign, r.who, date_trunc('hour', least(r.at, p_now), 'UTC')) r.sign, r.who,
        least(r.at, p_now) AS at, date_trunc('hour', least(r.at, p_now), 'UTC') AS hour
      FROM jsonb_to_recordset(p_rows) AS r(sign text, who text, at timestamptz)
      ORDER BY 1, 2, 4, 3
    ), room AS MATERIALIZED (
      SELECT l.sign, l.hour,
        c_most - (SELECT count(*) FROM abuse_sign a WHERE a.hour = l.hour AND a.sign = l.sign) AS left
      FROM (SELECT DISTINCT sign, hour FROM line) l
    ), ranked AS MATERIALIZED (
      SELECT l.*, row_number() OVER (PARTITION BY l.sign, l.hour ORDER BY l.at, l.who) AS place FROM line l
      WHERE NOT EXISTS (SELECT 1 FROM abuse_sign a WHERE a.hour = l.hour AND a.sign = l.sign AND a.who = l.who)
    )
    INSERT INTO abuse_sign (sign, who, hour, at, account_id, node_id)
    SELECT k.sign, k.who, k.hour, k.at, o.account_id, p_node
    FROM ranked k JOIN room ON room.sign = k.sign AND room.hour = k.hour AND k.place <= room.left
    LEFT JOIN LATERAL (SELECT p.account_id FROM proxy p WHERE p.id = k.who
      UNION ALL SELECT t.account_id FROM traffic_plan t WHERE t.id = k.who
      UNION ALL SELECT s.account_id FROM subuser s WHERE s.id = k.who) o ON true
    ORDER BY k.hour, k.sign, k.who
    ON CONFLICT (hour, sign, who) DO NOTHING
    RETURNING abuse_sign.sign, abuse_sign.who, abuse_sign.account_id;
END $$;
REVOKE ALL ON FUNCTION note_signs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_signs TO lumi_proxy;
