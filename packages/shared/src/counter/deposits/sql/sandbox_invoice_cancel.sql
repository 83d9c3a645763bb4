-- An open invoice can no longer be paid. False: it is not open.
CREATE OR REPLACE FUNCTION sandbox_invoice_cancel(p_deposit_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE sandbox_invoice s SET state = 'cancelled' FROM deposit d WHERE s.deposit_id = p_deposit_id AND s.state = 'open'
    AND d.id = s.deposit_id AND acts_for(d.product);
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION sandbox_invoice_cancel FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_invoice_cancel TO lumi_domains, lumi_vps, lumi_proxy;
