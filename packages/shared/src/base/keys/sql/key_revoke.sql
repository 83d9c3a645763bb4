-- Revokes a key and returns it; no row when there is none. A second revocation keeps the first time.
CREATE OR REPLACE FUNCTION key_revoke(p_id text) RETURNS SETOF api_key LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = platform, pg_temp AS $$
BEGIN
  RETURN QUERY UPDATE api_key k SET revoked_at = coalesce(k.revoked_at, now()) WHERE k.id = p_id AND acts_for(k.product)
    RETURNING k.*;
END $$;
REVOKE ALL ON FUNCTION key_revoke FROM PUBLIC;
GRANT EXECUTE ON FUNCTION key_revoke TO lumi_admin;
