-- Deletes a secret at once, on request of its owner. False: there is none.
CREATE OR REPLACE FUNCTION operation_secret_wipe(p_operation_id text, p_account_id text, p_product text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  DELETE FROM operation_secret WHERE operation_id = p_operation_id AND account_id = p_account_id
    AND product = p_product;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION operation_secret_wipe FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operation_secret_wipe TO lumi_domains, lumi_vps, lumi_proxy;
