-- Replaces a key by a new one with the same rights, the same lineage (and so the same daily cap) and, unless
-- p_sets_expiry, the same expiry. The old one stays valid for p_overlap_s seconds. Returns the new key, or no row when
-- the old one is unknown, revoked, expired or already rolled.
CREATE OR REPLACE FUNCTION key_roll(
  p_id text, p_new_id text, p_overlap_s integer, p_digest bytea, p_pepper_version integer, p_prefix text,
    p_signing_secret bytea, p_sets_expiry boolean, p_expires_at timestamptz, p_by text DEFAULT NULL
) RETURNS SETOF api_key LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_old api_key%ROWTYPE;
BEGIN
  SELECT * INTO v_old FROM api_key k
    WHERE k.id = p_id AND acts_for(k.product) AND k.revoked_at IS NULL AND k.replaced_by IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now()) FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE api_key k SET replaced_by = p_new_id, expires_at = least(k.expires_at,
    now() + make_interval(secs => p_overlap_s)) WHERE k.id = p_id;
  RETURN QUERY
    INSERT INTO api_key (id, product, type, account_id, lineage_id, digest, pepper_version, prefix, scopes, daily_cap,
      regular_per_minute, money_per_minute,
                         ip_allowlist, signing, signing_secret, expires_at)
      VALUES (p_new_id, v_old.product, v_old.type, v_old.account_id, v_old.lineage_id, p_digest, p_pepper_version,
        p_prefix, v_old.scopes, v_old.daily_cap, v_old.regular_per_minute,
              v_old.money_per_minute, v_old.ip_allowlist, v_old.signing, CASE WHEN v_old.signing = 'none' THEN NULL
                ELSE p_signing_secret END,
              CASE WHEN p_sets_expiry THEN p_expires_at ELSE v_old.expires_at END)
      RETURNING *;
  IF v_old.account_id IS NOT NULL THEN
    PERFORM account_event(v_old.account_id, 'key.rolled', p_id, jsonb_build_object('key_id', p_id,
      'new_key_id', p_new_id, 'product', v_old.product, 'expires_at', (SELECT iso_time(k.expires_at) FROM api_key k
        WHERE k.id = p_id)), p_by);
  END IF;
END $$;
REVOKE ALL ON FUNCTION key_roll FROM PUBLIC;
GRANT EXECUTE ON FUNCTION key_roll TO lumi_admin;
