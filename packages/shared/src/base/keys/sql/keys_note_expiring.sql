-- Writes `key.expiring` for at most p_limit keys of the product that expire within 7 days, once for each expiry. A key
-- that has a successor ends on purpose. Returns how many.
CREATE OR REPLACE FUNCTION keys_note_expiring(p_product text, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_key api_key%ROWTYPE;
  v_count integer := 0;
BEGIN
  PERFORM require_product(p_product);
  FOR v_key IN
    SELECT * FROM api_key k WHERE k.product = p_product AND k.account_id IS NOT NULL AND k.revoked_at IS NULL
      AND k.replaced_by IS NULL AND k.expires_at > now() AND k.expires_at < now() + interval '7 days'
      AND k.expiry_told IS DISTINCT FROM k.expires_at
      ORDER BY k.account_id, k.id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
  LOOP
    UPDATE api_key k SET expiry_told = k.expires_at WHERE k.id = v_key.id;
    PERFORM account_event(v_key.account_id, 'key.expiring', v_key.id, jsonb_build_object('key_id', v_key.id,
      'product', v_key.product, 'expires_at', iso_time(v_key.expires_at)), NULL);
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION keys_note_expiring FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keys_note_expiring TO lumi_domains, lumi_vps, lumi_proxy;
