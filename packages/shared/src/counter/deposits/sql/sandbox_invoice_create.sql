-- The invoice of a deposit at the sandbox provider, p_amount in 1/10,000 USD. A second call for the same deposit
-- returns the first invoice.
CREATE OR REPLACE FUNCTION sandbox_invoice_create(p_deposit_id text, p_token text, p_amount bigint, p_return_url text,
  p_expires_in_s integer) RETURNS sandbox_invoice
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_invoice sandbox_invoice;
BEGIN
  PERFORM require_product((SELECT d.product FROM deposit d WHERE d.id = p_deposit_id));
  INSERT INTO sandbox_invoice (deposit_id, token, amount, return_url, expires_at)
    VALUES (p_deposit_id, p_token, p_amount, p_return_url, now() + make_interval(secs => p_expires_in_s))
      ON CONFLICT (deposit_id) DO NOTHING;
  SELECT * INTO v_invoice FROM sandbox_invoice s WHERE s.deposit_id = p_deposit_id;
  RETURN v_invoice;
END $$;
REVOKE ALL ON FUNCTION sandbox_invoice_create FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_invoice_create TO lumi_domains, lumi_vps, lumi_proxy;
