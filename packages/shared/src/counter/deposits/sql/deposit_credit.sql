-- The credit: exactly the deposit's own amount, whatever was paid and whenever. It happens once, however often and from
-- how many processes this is called. Outcomes: credited | already | refused (no such deposit, or the invoice is another
-- deposit's, or it is disputed).
CREATE OR REPLACE FUNCTION deposit_credit(
  p_id text, p_provider text, p_provider_invoice_id text, p_transfer_id text, p_event_id text, p_description text,
  p_paid_at timestamptz, p_paid_asset text, p_paid_amount text, p_fee_asset text, p_fee_amount text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  SELECT * INTO v_deposit FROM deposit d
    WHERE d.id = p_id AND acts_for(d.product) AND d.provider = p_provider
      AND d.provider_invoice_id = p_provider_invoice_id FOR NO KEY UPDATE;
  IF NOT FOUND OR v_deposit.state IN ('created', 'refunded', 'disputed') THEN
    RETURN 'refused';
  END IF;
  IF v_deposit.state = 'credited' THEN
    RETURN 'already';
  END IF;

  -- Nothing below may refuse.
  UPDATE deposit d SET state = 'credited', is_late = v_deposit.state IN ('expired', 'cancelled', 'failed')
    OR p_paid_at > v_deposit.expires_at,
      paid_at = p_paid_at, paid_asset = p_paid_asset, paid_amount = p_paid_amount, fee_asset = p_fee_asset,
        fee_amount = p_fee_amount,
      failure = NULL, wake_at = NULL, checked_at = now(), settled_at = now()
    WHERE d.id = p_id RETURNING d.* INTO v_deposit;
  PERFORM post_transfer(p_transfer_id, 'deposit', v_deposit.account_id, 'house:deposits:' || v_deposit.provider,
    v_deposit.amount, 0,
                        v_deposit.product, NULL, v_deposit.id, v_deposit.key_id, v_deposit.idem_key, p_description);
  PERFORM deposit_event(v_deposit, p_event_id, 'deposit.credited');
  RETURN 'credited';
END $$;
REVOKE ALL ON FUNCTION deposit_credit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_credit TO lumi_domains, lumi_vps, lumi_proxy;
