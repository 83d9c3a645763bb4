-- Enrols a node. Of its token the hash alone is kept.
CREATE OR REPLACE FUNCTION node_enrol(p_id text, p_name text, p_token_hash bytea, p_now timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
  INSERT INTO node (id, name, token_hash, created_at) VALUES (p_id, p_name, p_token_hash, p_now)
$$;
REVOKE ALL ON FUNCTION node_enrol FROM PUBLIC;
GRANT EXECUTE ON FUNCTION node_enrol TO lumi_admin;
