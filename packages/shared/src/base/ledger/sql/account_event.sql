-- Writes an event about the account itself. p_actor: the id of the key that did it, `operator` for the command line, or
-- null for Lumi itself. The trigger on the table leaves the product out. Internal: no role may call it.
CREATE OR REPLACE FUNCTION account_event(p_account_id text, p_type text, p_subject text, p_data jsonb, p_actor text)
  RETURNS void
LANGUAGE sql SET search_path = platform, pg_temp AS $$
  INSERT INTO event (id, account_id, product, type, subject, data, actor)
    VALUES (event_id(), p_account_id, NULL, p_type, p_subject, p_data, p_actor);
$$;
REVOKE ALL ON FUNCTION account_event FROM PUBLIC;
