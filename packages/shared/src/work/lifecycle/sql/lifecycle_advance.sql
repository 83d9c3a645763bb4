-- Makes a step, once, with its events. p_holds is the product's condition, evaluated in the same statement: the object
-- is still in the state that the step was decided on. The next step is looked for at once. advanced = false: the step
-- was made before, or the attempt is not the current one.
CREATE OR REPLACE FUNCTION lifecycle_advance(p_product text, p_resource text, p_attempt integer, p_step text,
  p_holds boolean, p_now timestamptz, p_events jsonb, OUT advanced boolean, OUT account_id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  UPDATE lifecycle l SET done = array_append(l.done, p_step), tries = 0, stuck_since = NULL, wake_at = p_now
    WHERE p_holds AND l.product = p_product AND l.resource = p_resource AND l.attempt = p_attempt
      AND NOT p_step = ANY (l.done) RETURNING l.account_id INTO account_id;
  advanced := FOUND;
  IF advanced AND p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data)
      SELECT e.id, lifecycle_advance.account_id, p_product, e.type, e.subject, e.data
        FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
END $$;
REVOKE ALL ON FUNCTION lifecycle_advance FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lifecycle_advance TO lumi_domains, lumi_vps, lumi_proxy;
