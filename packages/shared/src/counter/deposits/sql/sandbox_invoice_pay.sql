-- Null when there is no such invoice; otherwise the invoice afterwards, paid only if it was open and in time.
CREATE OR REPLACE FUNCTION sandbox_invoice_pay(p_token text) RETURNS sandbox_invoice
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_invoice sandbox_invoice;
BEGIN
  SELECT s.* INTO v_invoice FROM sandbox_invoice s JOIN deposit d ON d.id = s.deposit_id WHERE s.token = p_token
    AND acts_for(d.product);
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE sandbox_invoice s SET state = 'paid', paid_at = now() WHERE s.token = p_token AND s.state = 'open'
    AND s.expires_at > now();
  SELECT * INTO v_invoice FROM sandbox_invoice s WHERE s.token = p_token;
  RETURN v_invoice;
END $$;
REVOKE ALL ON FUNCTION sandbox_invoice_pay FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_invoice_pay TO lumi_domains, lumi_vps, lumi_proxy;
