-- Gives each of these a port of the node that registered last, lowest first. A port that was given up rests for an
-- hour. Returns those that got one: fewer when there are not enough, none without a node.
CREATE OR REPLACE FUNCTION take_ports(p_network_ids text[], p_now timestamptz)
RETURNS TABLE (network_id text, port integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_node node;
BEGIN
  SELECT * INTO v_node FROM node WHERE state <> 'retired' AND registered_at IS NOT NULL AND left_at IS NULL
  ORDER BY registered_at DESC, id LIMIT 1;
  IF NOT FOUND OR cardinality(p_network_ids) = 0 THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('proxy entries'));
  RETURN QUERY
    WITH taker AS (SELECT t.id, t.place FROM unnest(p_network_ids) WITH ORDINALITY AS t(id, place)),
    free AS (SELECT f.port, row_number() OVER (ORDER BY f.port) AS place FROM (
      SELECT g.port FROM generate_series(v_node.port_first, v_node.port_last) AS g(port)
      WHERE NOT EXISTS (SELECT 1 FROM entry_port e WHERE e.port = g.port
        AND (e.network_id IS NOT NULL OR e.freed_at > p_now - interval '1 hour'))
      ORDER BY g.port LIMIT cardinality(p_network_ids)) f)
    INSERT INTO entry_port AS e (port, network_id)
    SELECT free.port, taker.id FROM taker JOIN free ON free.place = taker.place
    ON CONFLICT (port) DO UPDATE SET network_id = excluded.network_id, freed_at = NULL
    RETURNING e.network_id, e.port;
END $$;
REVOKE ALL ON FUNCTION take_ports FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_ports TO lumi_proxy;
