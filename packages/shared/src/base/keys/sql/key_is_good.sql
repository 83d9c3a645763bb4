-- Whether a key of this product is neither revoked nor expired now. Money requires a key that is valid now, not when
-- the gateway cached it.
CREATE OR REPLACE FUNCTION key_is_good(p_key_id text, p_product text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  SELECT require_product(p_product);
  SELECT EXISTS (SELECT 1 FROM api_key WHERE id = p_key_id AND product = p_product AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > now()));
$$;
REVOKE ALL ON FUNCTION key_is_good FROM PUBLIC;
GRANT EXECUTE ON FUNCTION key_is_good TO lumi_domains, lumi_vps, lumi_proxy;
