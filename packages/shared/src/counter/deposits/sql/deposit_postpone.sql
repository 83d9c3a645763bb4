-- Checked in p_state, without news: check again after p_wake_after_ms, or (null, only when the deposit is settled)
-- never. False: it has another state by now.
CREATE OR REPLACE FUNCTION deposit_postpone(p_id text, p_state text, p_wake_after_ms integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE deposit d SET wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0), checked_at = now()
    WHERE d.id = p_id AND acts_for(d.product) AND d.state = p_state;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION deposit_postpone FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_postpone TO lumi_domains, lumi_vps, lumi_proxy;
