-- Records when keys were last used. It is the gateway's only write, and does not count as a change of the key (see
-- api_key_changed).
CREATE OR REPLACE FUNCTION touch_keys(p_ids text[], p_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  UPDATE api_key SET last_used_at = p_at WHERE id = ANY (p_ids) AND (last_used_at IS NULL OR last_used_at < p_at);
$$;
REVOKE ALL ON FUNCTION touch_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION touch_keys TO lumi_gateway;
