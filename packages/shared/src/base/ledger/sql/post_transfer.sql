-- The one writer of ledger lines: moves p_amount (1/10,000 USD, signed from the wallet's side) between a wallet and a
-- house account, and gives back p_unhold of what was held. With an amount of 0 nothing is posted and only the hold is
-- given back. Returns the wallet's balance afterwards. Raises check_violation (wallet_available) when the wallet would
-- go below zero. Internal: no role may call it.
CREATE OR REPLACE FUNCTION post_transfer(
  p_id text, p_kind text, p_account_id text, p_house text, p_amount bigint, p_unhold bigint,
  p_product text, p_order_id text, p_deposit_id text, p_key_id text, p_idempotency_key text, p_description text
) RETURNS bigint LANGUAGE plpgsql SET search_path = platform, pg_temp AS $$
DECLARE
  v_after bigint;
BEGIN
  UPDATE wallet SET posted = posted + p_amount, held = held - p_unhold, updated_at = now()
    WHERE account_id = p_account_id RETURNING posted INTO v_after;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no wallet' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF p_amount <> 0 THEN
    INSERT INTO transfer (id, kind, account_id, product, order_id, deposit_id, key_id, idempotency_key, description)
      VALUES (p_id, p_kind, p_account_id, p_product, p_order_id, p_deposit_id, p_key_id, p_idempotency_key,
        p_description);
    INSERT INTO entry (transfer_id, ledger_account, account_id, amount, balance_after) VALUES
      (p_id, 'wallet:' || p_account_id, p_account_id, p_amount, v_after),
      (p_id, p_house, NULL, -p_amount, NULL);
  END IF;
  RETURN v_after;
END $$;
REVOKE ALL ON FUNCTION post_transfer FROM PUBLIC;
