-- Writes events that belong to no purchase and no operation: an object expired, a reminder is due. p_events is [{id,
-- type, subject, data, actor}]; the actor is the id of a key, or null for Lumi itself.
CREATE OR REPLACE FUNCTION emit_events(p_account_id text, p_product text, p_events jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  INSERT INTO event (id, account_id, product, type, subject, data, actor)
    SELECT e.id, p_account_id, p_product, e.type, e.subject, e.data, e.actor
      FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb, actor text);
END $$;
REVOKE ALL ON FUNCTION emit_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION emit_events TO lumi_domains, lumi_vps, lumi_proxy;
