-- Writes several actions of one request: p_acts is [{action, subject, account_id, before, after}]. Returns how many.
-- Called in the transaction of the actions. The command line has no product and no key.
CREATE OR REPLACE FUNCTION audit_note(p_product text, p_actor text, p_key_id text, p_address text, p_request_id text,
  p_acts jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM require_product(p_product);
  INSERT INTO audit_log (product, actor, key_id, address, request_id, action, subject, account_id, before, after)
    SELECT p_product, p_actor, p_key_id, p_address, p_request_id, a.action, a.subject, a.account_id, a.before, a.after
    FROM jsonb_to_recordset(p_acts) AS a(action text, subject text, account_id text, before jsonb, after jsonb);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION audit_note FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_note TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
