-- How many of so many free ports of the node of new entries this transaction can have: they are locked, and take_ports
-- of the same transaction gets as many. Null without a node, whose proxies then have no port. Purchases do not wait for
-- each other here.
CREATE OR REPLACE FUNCTION hold_ports(p_count integer, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_node node;
  v_held integer;
BEGIN
  SELECT * INTO v_node FROM entry_node(p_now);
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  WITH held AS MATERIALIZED (SELECT port FROM entry_port WHERE network_id IS NULL
      AND freed_at <= p_now - interval '1 hour' AND port BETWEEN v_node.port_first AND v_node.port_last
    ORDER BY freed_at, port LIMIT p_count FOR UPDATE SKIP LOCKED)
  SELECT count(*) INTO v_held FROM held;
  RETURN v_held;
END $$;
REVOKE ALL ON FUNCTION hold_ports FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_ports TO lumi_proxy;
