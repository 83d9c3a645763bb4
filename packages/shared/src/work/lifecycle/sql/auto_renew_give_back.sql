-- The worker releases an account before its lease ends.
CREATE OR REPLACE FUNCTION auto_renew_give_back(p_product text, p_noun text, p_account_id text, p_attempt integer,
  p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  UPDATE auto_renew_turn t SET lease_until = p_now WHERE t.product = p_product AND t.noun = p_noun
    AND t.account_id = p_account_id AND t.attempt = p_attempt;
END $$;
REVOKE ALL ON FUNCTION auto_renew_give_back FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auto_renew_give_back TO lumi_domains, lumi_vps, lumi_proxy;
