-- The entry of a pool of nodes' exits: at the node that serves and has most of them. No row: none has any.
CREATE OR REPLACE FUNCTION own_pool_entry(p_pool text, p_host text, p_now timestamptz)
RETURNS TABLE (node_id text, host text, port_http integer, port_socks integer)
LANGUAGE sql STABLE ROWS 1 SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
  SELECT n.id, coalesce(n.entry_host, p_host), n.port_http, n.port_socks
  FROM own_nodes(p_now) n CROSS JOIN LATERAL (SELECT count(*) AS count FROM node_exit x WHERE x.node_id = n.id
    AND x.product = p_pool) e
  WHERE e.count > 0 ORDER BY e.count DESC, n.id LIMIT 1
$$;
REVOKE ALL ON FUNCTION own_pool_entry FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_pool_entry TO lumi_proxy;
