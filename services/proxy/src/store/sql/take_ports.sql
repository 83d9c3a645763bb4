-- Gives each of these a port of the node of new entries, those that were given up longest ago first. A port rests
-- for an hour. Returns those that got one: fewer when there are not enough, none without a node. Purchases do not wait
-- for each other here.
CREATE OR REPLACE FUNCTION take_ports(p_network_ids text[], p_now timestamptz)
RETURNS TABLE (network_id text, port integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_node node;
BEGIN
  SELECT * INTO v_node FROM entry_node(p_now);
  IF NOT FOUND OR cardinality(p_network_ids) = 0 THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH free AS MATERIALIZED (SELECT e.port FROM entry_port e WHERE e.network_id IS NULL
        AND e.freed_at <= p_now - interval '1 hour' AND e.port BETWEEN v_node.port_first AND v_node.port_last
      ORDER BY e.freed_at, e.port LIMIT cardinality(p_network_ids) FOR UPDATE SKIP LOCKED),
    place AS (SELECT free.port, row_number() OVER (ORDER BY free.port) AS place FROM free),
    taker AS (SELECT t.id, t.place FROM unnest(p_network_ids) WITH ORDINALITY AS t(id, place))
    UPDATE entry_port e SET network_id = taker.id, freed_at = NULL FROM place JOIN taker ON taker.place = place.place
    WHERE e.port = place.port RETURNING e.network_id, e.port;
END $$;
REVOKE ALL ON FUNCTION take_ports FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_ports TO lumi_proxy;
