-- Sets the threshold (1/10,000 USD) below which `balance.low` is written; null: never. False: no such account.
CREATE OR REPLACE FUNCTION balance_configure(p_account_id text, p_product text, p_low_at bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  UPDATE wallet SET low_at = p_low_at WHERE account_id = p_account_id;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION balance_configure FROM PUBLIC;
GRANT EXECUTE ON FUNCTION balance_configure TO lumi_domains, lumi_vps, lumi_proxy;
