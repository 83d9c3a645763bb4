-- A webhook came that could not be checked: the poller checks at once. False: the deposit is over, or has no invoice
-- yet.
CREATE OR REPLACE FUNCTION deposit_wake(p_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE deposit d SET wake_at = now() WHERE d.id = p_id AND acts_for(d.product)
    AND d.state NOT IN ('credited', 'refunded', 'disputed', 'created');
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION deposit_wake FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_wake TO lumi_domains, lumi_vps, lumi_proxy;
