-- Writes a new key, with its event, and returns it. It gets only the digest of the key, made with the pepper of
-- p_pepper_version; p_signing_secret is sealed. p_daily_cap is in 1/10,000 USD. Blocks of p_ip_allowlist are stored as
-- networks. p_by is who issues it: the id of a key, or `operator` for the command line.
CREATE OR REPLACE FUNCTION key_issue(
  p_id text, p_product text, p_type text, p_account_id text, p_lineage_id text, p_digest bytea,
    p_pepper_version integer, p_prefix text, p_scopes text[],
  p_daily_cap bigint, p_regular_per_minute integer, p_money_per_minute integer, p_ip_allowlist text[], p_signing text,
    p_signing_secret bytea, p_expires_at timestamptz, p_by text DEFAULT NULL
) RETURNS SETOF api_key LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  -- A cidr with bits to the right of its mask is refused; the caller means the network.
  RETURN QUERY
    INSERT INTO api_key (id, product, type, account_id, lineage_id, digest, pepper_version, prefix, scopes, daily_cap,
      regular_per_minute, money_per_minute,
                         ip_allowlist, signing, signing_secret, expires_at)
      VALUES (p_id, p_product, p_type, p_account_id, p_lineage_id, p_digest, p_pepper_version, p_prefix, p_scopes,
        p_daily_cap, p_regular_per_minute, p_money_per_minute,
              (SELECT coalesce(array_agg(network(block::inet)), '{}')
                FROM unnest(p_ip_allowlist) AS block), p_signing, p_signing_secret, p_expires_at)
      RETURNING *;
  IF p_account_id IS NOT NULL THEN
    PERFORM account_event(p_account_id, 'key.issued', p_id, jsonb_build_object('key_id', p_id, 'product', p_product,
      'scopes', to_jsonb(p_scopes), 'expires_at', iso_time(p_expires_at)), p_by);
  END IF;
END $$;
REVOKE ALL ON FUNCTION key_issue FROM PUBLIC;
GRANT EXECUTE ON FUNCTION key_issue TO lumi_admin;
