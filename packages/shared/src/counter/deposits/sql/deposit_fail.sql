-- The provider has no invoice for it and will have none. With p_forget the claim is released: nothing happened, and the
-- caller may send the same request again. False: the deposit is no longer waiting for an invoice.
CREATE OR REPLACE FUNCTION deposit_fail(p_id text, p_failure text, p_forget boolean, p_status integer, p_body bytea,
  p_event_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  UPDATE deposit d SET state = 'failed', failure = p_failure, wake_at = NULL, settled_at = now()
    WHERE d.id = p_id AND acts_for(d.product) AND d.state = 'created' RETURNING d.* INTO v_deposit;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF p_forget THEN
    DELETE FROM idempotency i WHERE i.scope = v_deposit.idem_scope AND i.product = v_deposit.product
      AND i.key = v_deposit.idem_key
      AND i.state = 'claimed' AND i.subject = v_deposit.id;
  ELSE
    PERFORM finish_claim(v_deposit.idem_scope, v_deposit.product, v_deposit.idem_key, p_status, p_body, NULL);
    PERFORM deposit_event(v_deposit, p_event_id, 'deposit.failed');
  END IF;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION deposit_fail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_fail TO lumi_domains, lumi_vps, lumi_proxy;
