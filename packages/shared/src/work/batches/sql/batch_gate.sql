-- The reason to refuse a whole bulk: invalid_key | no_account | cap (used up) | balance (no money at all). Null: none.
-- Internal.
CREATE OR REPLACE FUNCTION batch_gate(p_account_id text, p_product text, p_key_id text, p_lineage_id text,
  p_operator boolean, p_default_cap bigint) RETURNS text
LANGUAGE plpgsql SET search_path = platform, pg_temp AS $$
DECLARE
  v_cap bigint;
  v_available bigint;
BEGIN
  SELECT coalesce(k.daily_cap, p_default_cap) INTO v_cap FROM api_key k
    WHERE k.id = p_key_id AND k.product = p_product AND k.revoked_at IS NULL AND (k.expires_at IS NULL
      OR k.expires_at > now());
  IF NOT FOUND THEN
    RETURN 'invalid_key';
  END IF;
  SELECT w.posted - w.held INTO v_available FROM wallet w WHERE w.account_id = p_account_id;
  IF NOT FOUND THEN
    RETURN 'no_account';
  END IF;
  IF NOT p_operator AND v_cap IS NOT NULL
     AND coalesce((SELECT d.spent FROM daily_spend d WHERE d.lineage_id = p_lineage_id
       AND d.day = (now() AT TIME ZONE 'UTC')::date), 0) >= v_cap THEN
    RETURN 'cap';
  END IF;
  RETURN CASE WHEN v_available <= 0 THEN 'balance' END;
END $$;
REVOKE ALL ON FUNCTION batch_gate FROM PUBLIC;
