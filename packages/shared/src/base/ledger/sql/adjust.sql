-- An operator's correction of a wallet by p_amount (1/10,000 USD, signed from the wallet's side), written as a transfer
-- against house:adjustments, with its event. Returns the balance afterwards. Raises check_violation (wallet_available)
-- when it would take more than is available. p_product is null for a correction from the command line.
CREATE OR REPLACE FUNCTION adjust(p_transfer_id text, p_account_id text, p_amount bigint, p_reason text, p_product text,
  p_key_id text, p_idempotency_key text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_after bigint;
BEGIN
  PERFORM require_product(p_product);
  v_after := post_transfer(p_transfer_id, 'adjustment', p_account_id, 'house:adjustments', p_amount, 0, p_product, NULL,
    NULL, p_key_id, p_idempotency_key, p_reason);
  PERFORM account_event(p_account_id, 'balance.adjusted', p_account_id,
    jsonb_build_object('transaction_id', p_transfer_id, 'amount_usd', usd(p_amount), 'balance_usd', usd(v_after),
      'reason', p_reason), coalesce(p_key_id, 'operator'));
  RETURN v_after;
END $$;
REVOKE ALL ON FUNCTION adjust FROM PUBLIC;
GRANT EXECUTE ON FUNCTION adjust TO lumi_admin;
