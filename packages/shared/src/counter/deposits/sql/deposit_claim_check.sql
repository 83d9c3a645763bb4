-- True for one of many readers, once per p_stale_ms: that one asks the provider.
CREATE OR REPLACE FUNCTION deposit_claim_check(p_id text, p_stale_ms integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE deposit d SET checked_at = now() WHERE d.id = p_id AND acts_for(d.product) AND d.state = 'pending'
    AND (d.checked_at IS NULL OR d.checked_at < now() - make_interval(secs => p_stale_ms / 1000.0));
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION deposit_claim_check FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_claim_check TO lumi_domains, lumi_vps, lumi_proxy;
