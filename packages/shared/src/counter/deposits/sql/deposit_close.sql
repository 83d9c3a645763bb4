-- The invoice can no longer be paid: p_state is expired or cancelled. The poller keeps looking for p_wake_after_ms,
-- because a payment may still arrive. False: the deposit was not pending.
CREATE OR REPLACE FUNCTION deposit_close(p_id text, p_state text, p_wake_after_ms integer, p_event_id text)
  RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  IF p_state NOT IN ('expired', 'cancelled') THEN
    RAISE EXCEPTION 'a deposit is not closed as %', p_state USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE deposit d SET state = p_state, wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0),
    checked_at = now(), settled_at = now()
    WHERE d.id = p_id AND acts_for(d.product) AND d.state = 'pending' RETURNING d.* INTO v_deposit;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM deposit_event(v_deposit, p_event_id, 'deposit.' || p_state);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION deposit_close FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_close TO lumi_domains, lumi_vps, lumi_proxy;
