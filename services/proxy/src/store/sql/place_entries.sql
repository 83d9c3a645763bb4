-- Puts proxies and plans whose entries are at nodes on the ports of the node of new entries: those that have no port
-- yet, and those whose port no registered node has. A port that is left rests for an hour, as after a sale; a proxy
-- whose port a node has keeps it, whatever its host was, and so does one for which there is no other. Then puts access
-- into the feed that is not in it: of what was sold before there was a feed, and what a process of the release before
-- changed. Of each at most p_limit; returns the greatest of these numbers, so p_limit says that there may be more.
-- Without a node nothing happens.
CREATE OR REPLACE FUNCTION place_entries(p_host text, p_limit integer, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_node node;
  v_kept text[];
  v_lost text[];
  v_free integer;
  v_count integer;
  v_plans integer;
  v_untold integer;
BEGIN
  SELECT * INTO v_node FROM entry_node(p_now);
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('proxy entries'));
  IF (SELECT count(*) FROM entry_port WHERE port BETWEEN v_node.port_first AND v_node.port_last)
    <= v_node.port_last - v_node.port_first THEN
    INSERT INTO entry_port (port, freed_at)
    SELECT g.port, '-infinity' FROM generate_series(v_node.port_first, v_node.port_last) AS g(port)
    ON CONFLICT DO NOTHING;
  END IF;

  v_kept := ARRAY(SELECT p.network_id FROM proxy p JOIN entry_port e ON e.network_id = p.network_id
    WHERE p.network IN ('sandbox', 'upstream') AND p.state = 'active' AND (e.port <> p.port OR p.host <> p_host)
      AND EXISTS (SELECT 1 FROM node n WHERE n.state <> 'retired' AND n.left_at IS NULL
        AND e.port BETWEEN n.port_first AND n.port_last)
    ORDER BY p.id LIMIT p_limit FOR NO KEY UPDATE OF p);

  SELECT count(*) INTO v_free FROM (SELECT 1 FROM entry_port e WHERE e.network_id IS NULL
    AND e.freed_at <= p_now - interval '1 hour' AND e.port BETWEEN v_node.port_first AND v_node.port_last
    LIMIT p_limit) f;
  v_lost := ARRAY(SELECT p.network_id FROM proxy p LEFT JOIN entry_port e ON e.network_id = p.network_id
    WHERE p.network IN ('sandbox', 'upstream') AND p.state = 'active' AND NOT EXISTS (SELECT 1 FROM node n
      WHERE n.state <> 'retired' AND n.left_at IS NULL AND e.port BETWEEN n.port_first AND n.port_last)
    ORDER BY p.id LIMIT v_free FOR NO KEY UPDATE OF p);
  UPDATE entry_port SET network_id = NULL, freed_at = p_now WHERE network_id = ANY (v_lost);
  v_lost := ARRAY(SELECT t.network_id FROM take_ports(v_lost, p_now) t);
  v_count := greatest(cardinality(v_kept), cardinality(v_lost));
  v_lost := v_kept || v_lost;

  -- Addresses of the sandbox from before lead nowhere; those in 127.64.0.0/10 are the node's.
  WITH moved AS (SELECT e.network_id, sandbox_address_of(nextval('sandbox_address')) AS address FROM sandbox_exit e
    WHERE e.network_id = ANY (v_lost) AND family(e.exit_ip::inet) = 4 AND NOT e.exit_ip::inet << '127.0.0.0/8'::inet),
  exits AS (UPDATE sandbox_exit e SET exit_ip = host(m.address) FROM moved m WHERE e.network_id = m.network_id)
  UPDATE proxy p SET host = p_host, port = e.port, port_socks = e.port,
    exit_ip = coalesce(m.address, p.exit_ip),
    subnet = CASE WHEN m.address IS NULL THEN p.subnet ELSE network(set_masklen(m.address, 24))::inet END,
    access_version = p.access_version + 1, updated_at = p_now
  FROM entry_port e LEFT JOIN moved m ON m.network_id = e.network_id
  WHERE e.network_id = ANY (v_lost) AND p.network_id = e.network_id;

  WITH lost AS MATERIALIZED (SELECT p.id FROM traffic_plan p WHERE p.network = 'sandbox' AND NOT EXISTS (
      SELECT 1 FROM node n WHERE n.state <> 'retired' AND n.left_at IS NULL AND p.host = p_host
        AND p.port = n.port_http AND p.port_socks = n.port_socks)
    ORDER BY p.id LIMIT p_limit FOR NO KEY UPDATE OF p),
  books AS (UPDATE sandbox_traffic t SET host = p_host, port = v_node.port_http, port_socks = v_node.port_socks
    FROM traffic_plan p, lost l WHERE p.id = l.id AND t.network_id = p.network_id)
  UPDATE traffic_plan p SET host = p_host, port = v_node.port_http, port_socks = v_node.port_socks, updated_at = p_now
  FROM lost l WHERE p.id = l.id;
  GET DIAGNOSTICS v_plans = ROW_COUNT;
  v_count := greatest(v_count, v_plans);
  IF v_count >= p_limit THEN
    RETURN v_count; -- what there is to put into the feed is looked for once, after the last step
  END IF;

  WITH untold AS MATERIALIZED (
    SELECT x.*, row_number() OVER (ORDER BY x.id) AS place FROM (
      SELECT id, network, access_version, state <> 'active' AS is_over FROM proxy
      UNION ALL SELECT id, network, access_version, false FROM traffic_plan
      UNION ALL SELECT s.id, t.network, s.access_version, s.status = 'deleted' FROM subuser s
        JOIN traffic_plan t ON t.id = s.plan_id) x
    LEFT JOIN access_change c ON c.subject = x.id
    WHERE CASE WHEN c.subject IS NULL THEN NOT x.is_over ELSE c.version < x.access_version END LIMIT p_limit
  ), feed AS (
    UPDATE access_feed SET number = number + (SELECT count(*) FROM untold) WHERE EXISTS (SELECT 1 FROM untold)
    RETURNING number
  )
  INSERT INTO access_change AS c (subject, network, number, version, is_removed, at)
  SELECT u.id, u.network, feed.number - (SELECT count(*) FROM untold) + u.place, u.access_version, u.is_over, p_now
  FROM feed, untold u
  ON CONFLICT (subject) DO UPDATE SET number = excluded.number, version = excluded.version,
    is_removed = excluded.is_removed, at = excluded.at WHERE c.version < excluded.version;
  GET DIAGNOSTICS v_untold = ROW_COUNT;
  RETURN greatest(v_count, v_untold);
END $$;
REVOKE ALL ON FUNCTION place_entries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION place_entries TO lumi_proxy;
