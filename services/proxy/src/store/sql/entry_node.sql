-- The node whose entries new proxies and plans get: before all one that is not to drain, then one that was heard of
-- within 15 seconds, then the one that registered last. No row: there is none, or all have left.
CREATE OR REPLACE FUNCTION entry_node(p_now timestamptz) RETURNS SETOF node
LANGUAGE sql STABLE ROWS 1 SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
  SELECT * FROM node WHERE state <> 'retired' AND registered_at IS NOT NULL AND left_at IS NULL
  ORDER BY state = 'active' DESC, (heard_at > p_now - interval '15 seconds') IS TRUE DESC, registered_at DESC, id
  LIMIT 1
$$;
REVOKE ALL ON FUNCTION entry_node FROM PUBLIC;
GRANT EXECUTE ON FUNCTION entry_node TO lumi_proxy;
