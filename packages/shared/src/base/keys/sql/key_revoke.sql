-- Revokes a key, with its event, and returns it; no row when there is none. A second revocation keeps the first time
-- and writes no event. p_by: the id of the key that revokes it, or `operator` for the command line.
CREATE OR REPLACE FUNCTION key_revoke(p_id text, p_by text DEFAULT NULL) RETURNS SETOF api_key LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_before api_key%ROWTYPE;
BEGIN
  SELECT * INTO v_before FROM api_key k WHERE k.id = p_id AND acts_for(k.product) FOR UPDATE;
  RETURN QUERY UPDATE api_key k SET revoked_at = coalesce(k.revoked_at, now()) WHERE k.id = p_id AND acts_for(k.product)
    RETURNING k.*;
  IF v_before.account_id IS NOT NULL AND v_before.revoked_at IS NULL THEN
    PERFORM account_event(v_before.account_id, 'key.revoked', p_id,
      jsonb_build_object('key_id', p_id, 'product', v_before.product), p_by);
  END IF;
END $$;
REVOKE ALL ON FUNCTION key_revoke FROM PUBLIC;
GRANT EXECUTE ON FUNCTION key_revoke TO lumi_admin;
