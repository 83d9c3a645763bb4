-- The nodes of which something new may be sold: neither draining nor gone, and heard of within 15 seconds.
CREATE OR REPLACE FUNCTION own_nodes(p_now timestamptz) RETURNS SETOF node
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
  SELECT * FROM node WHERE state = 'active' AND registered_at IS NOT NULL AND left_at IS NULL
    AND heard_at > p_now - interval '15 seconds'
$$;
REVOKE ALL ON FUNCTION own_nodes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_nodes TO lumi_proxy;
