-- Stores the result of a renewal from p_term: when to try again (null: not), in which round, and why it failed. The
-- events are written when the reason has changed. False, with nothing changed: the object has another term or a later
-- round by now.
CREATE OR REPLACE FUNCTION auto_renew_note(p_product text, p_resource text, p_term timestamptz, p_renew_at timestamptz,
  p_round integer, p_problem text, p_events jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_before lifecycle%ROWTYPE;
BEGIN
  PERFORM check_product_role(p_product);
  SELECT * INTO v_before FROM lifecycle l WHERE l.product = p_product AND l.resource = p_resource AND l.term = p_term
    AND l.parked_at IS NULL FOR UPDATE;
  IF NOT FOUND OR v_before.renew_round > p_round THEN
    RETURN false;
  END IF;
  UPDATE lifecycle l SET renew_at = p_renew_at, renew_round = p_round, renew_problem = p_problem
    WHERE l.product = p_product AND l.resource = p_resource;
  IF p_problem IS NOT NULL AND p_problem IS DISTINCT FROM v_before.renew_problem AND p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data)
      SELECT e.id, v_before.account_id, p_product, e.type, e.subject, e.data
        FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION auto_renew_note FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auto_renew_note TO lumi_domains, lumi_vps, lumi_proxy;
