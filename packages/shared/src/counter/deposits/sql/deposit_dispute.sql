-- The provider's invoice differs from the requested one (other currency, other amount): no credit, an operator must
-- look. False: there is nothing to dispute.
CREATE OR REPLACE FUNCTION deposit_dispute(p_id text, p_failure text, p_event_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  UPDATE deposit d SET state = 'disputed', failure = p_failure, wake_at = NULL, settled_at = now()
    WHERE d.id = p_id AND acts_for(d.product) AND d.state NOT IN ('created', 'credited', 'refunded', 'disputed')
      RETURNING d.* INTO v_deposit;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM deposit_event(v_deposit, p_event_id, 'deposit.disputed');
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION deposit_dispute FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_dispute TO lumi_domains, lumi_vps, lumi_proxy;
