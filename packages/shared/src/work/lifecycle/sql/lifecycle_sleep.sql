-- Nothing to do before p_wake_at (never, if null); with p_has_failed the step was tried without success. False: the
-- attempt is not the current one.
CREATE OR REPLACE FUNCTION lifecycle_sleep(p_product text, p_resource text, p_attempt integer, p_wake_at timestamptz,
  p_has_failed boolean, p_stuck_since timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  UPDATE lifecycle l SET wake_at = p_wake_at, tries = l.tries + p_has_failed::int, stuck_since = CASE WHEN p_has_failed
    THEN coalesce(l.stuck_since, p_stuck_since) ELSE l.stuck_since END
    WHERE l.product = p_product AND l.resource = p_resource AND l.attempt = p_attempt;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION lifecycle_sleep FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lifecycle_sleep TO lumi_domains, lumi_vps, lumi_proxy;
