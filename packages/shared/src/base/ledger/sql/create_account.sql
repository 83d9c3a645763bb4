-- A new account with its wallet, at zero.
CREATE OR REPLACE FUNCTION create_account(p_id text, p_name text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  INSERT INTO account (id, name) VALUES (p_id, p_name);
  INSERT INTO wallet (account_id) VALUES (p_id);
$$;
REVOKE ALL ON FUNCTION create_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION create_account TO lumi_admin;
