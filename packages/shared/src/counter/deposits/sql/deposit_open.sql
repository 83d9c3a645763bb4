-- The provider has an invoice for it: the deposit can be paid, and the caller's answer is stored. False: another
-- process did it.
CREATE OR REPLACE FUNCTION deposit_open(
  p_id text, p_provider_invoice_id text, p_pay_url text, p_pay_urls jsonb, p_expires_at timestamptz,
    p_wake_after_ms integer,
  p_status integer, p_body bytea, p_location text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  UPDATE deposit d SET state = 'pending', provider_invoice_id = p_provider_invoice_id, pay_url = p_pay_url,
    pay_urls = p_pay_urls, expires_at = p_expires_at,
      checked_at = now(), wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0)
    WHERE d.id = p_id AND acts_for(d.product) AND d.state = 'created' RETURNING d.* INTO v_deposit;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM finish_claim(v_deposit.idem_scope, v_deposit.product, v_deposit.idem_key, p_status, p_body, p_location);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION deposit_open FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_open TO lumi_domains, lumi_vps, lumi_proxy;
