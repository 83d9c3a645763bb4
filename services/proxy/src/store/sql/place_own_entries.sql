-- Keeps what was sold of nodes' addresses on entries of the node that has the address, and traffic plans on entries of
-- a node that has exits of their pool. A port that is left rests for an hour. Of each at most p_limit; returns the
-- greatest of the numbers that were moved. Of a node that is retired or has left nothing is moved.
CREATE OR REPLACE FUNCTION place_own_entries(p_host text, p_limit integer, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_node node;
  v_lost text[];
  v_count integer;
  v_plans integer;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('proxy entries'));
  FOR v_node IN SELECT n.* FROM node n WHERE n.state <> 'retired' AND n.left_at IS NULL
    AND EXISTS (SELECT 1 FROM own_stock s WHERE s.node_id = n.id) ORDER BY n.id
  LOOP
    IF (SELECT count(*) FROM entry_port WHERE port BETWEEN v_node.port_first AND v_node.port_last)
      <= v_node.port_last - v_node.port_first THEN
      INSERT INTO entry_port (port, freed_at)
      SELECT g.port, '-infinity' FROM generate_series(v_node.port_first, v_node.port_last) AS g(port)
      ON CONFLICT DO NOTHING;
    END IF;
    v_lost := ARRAY(SELECT p.network_id FROM own_stock s JOIN proxy p ON p.network_id = s.network_id
      LEFT JOIN entry_port e ON e.network_id = p.network_id
      WHERE s.node_id = v_node.id AND s.is_listed AND p.state = 'active'
        AND (e.port BETWEEN v_node.port_first AND v_node.port_last) IS NOT TRUE
      ORDER BY p.id LIMIT p_limit FOR NO KEY UPDATE OF p);
    -- Those that get a port leave their old one.
    WITH free AS MATERIALIZED (SELECT e.port FROM entry_port e WHERE e.network_id IS NULL
        AND e.freed_at <= p_now - interval '1 hour' AND e.port BETWEEN v_node.port_first AND v_node.port_last
      ORDER BY e.freed_at, e.port LIMIT cardinality(v_lost) FOR UPDATE SKIP LOCKED)
    SELECT v_lost[1:count(*)::int] INTO v_lost FROM free;
    UPDATE entry_port SET network_id = NULL, freed_at = p_now WHERE network_id = ANY (v_lost);
    WITH free AS MATERIALIZED (SELECT e.port FROM entry_port e WHERE e.network_id IS NULL
        AND e.freed_at <= p_now - interval '1 hour' AND e.port BETWEEN v_node.port_first AND v_node.port_last
      ORDER BY e.freed_at, e.port LIMIT cardinality(v_lost) FOR UPDATE SKIP LOCKED),
    place AS (SELECT free.port, row_number() OVER (ORDER BY free.port) AS place FROM free)
    UPDATE entry_port e SET network_id = v_lost[p.place], freed_at = NULL FROM place p WHERE e.port = p.port;
  END LOOP;

  WITH due AS MATERIALIZED (SELECT p.id, e.port, coalesce(n.entry_host, p_host) AS host
    FROM own_stock s JOIN proxy p ON p.network_id = s.network_id JOIN entry_port e ON e.network_id = p.network_id
      JOIN node n ON n.id = s.node_id
    WHERE p.state = 'active' AND s.is_listed AND n.state <> 'retired' AND n.left_at IS NULL
      AND e.port BETWEEN n.port_first AND n.port_last
      AND (e.port <> p.port OR e.port <> p.port_socks OR p.host <> coalesce(n.entry_host, p_host))
    ORDER BY p.id LIMIT p_limit FOR NO KEY UPDATE OF p)
  UPDATE proxy p SET host = d.host, port = d.port, port_socks = d.port, access_version = p.access_version + 1,
    updated_at = p_now
  FROM due d WHERE p.id = d.id;
  GET DIAGNOSTICS v_count = ROW_COUNT;

  WITH lost AS MATERIALIZED (SELECT p.id, p.pool FROM traffic_plan p WHERE p.network = 'own' AND NOT EXISTS (
      SELECT 1 FROM node n JOIN node_exit x ON x.node_id = n.id AND x.product = p.pool
      WHERE n.state <> 'retired' AND n.left_at IS NULL AND p.host = coalesce(n.entry_host, p_host)
        AND p.port = n.port_http AND p.port_socks = n.port_socks)
    ORDER BY p.id LIMIT p_limit FOR NO KEY UPDATE OF p)
  UPDATE traffic_plan p SET host = n.host, port = n.port_http, port_socks = n.port_socks, updated_at = p_now
  FROM lost l CROSS JOIN LATERAL own_pool_entry(l.pool, p_host, p_now) n WHERE p.id = l.id;
  GET DIAGNOSTICS v_plans = ROW_COUNT;
  RETURN greatest(v_count, v_plans);
END $$;
REVOKE ALL ON FUNCTION place_own_entries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION place_own_entries TO lumi_proxy;
