-- The event of a deposit in its present state. Internal: no role may call it.
CREATE OR REPLACE FUNCTION deposit_event(p_deposit deposit, p_event_id text, p_type text) RETURNS void
LANGUAGE sql SET search_path = platform, pg_temp AS $$
  INSERT INTO event (id, account_id, product, type, subject, data)
    VALUES (p_event_id, p_deposit.account_id, p_deposit.product, p_type, p_deposit.id,
            jsonb_build_object('deposit_id', p_deposit.id, 'status', p_deposit.state, 'provider', p_deposit.provider,
              'amount_usd', usd(p_deposit.amount),
              'reference', p_deposit.reference, 'is_late', p_deposit.is_late));
$$;
REVOKE ALL ON FUNCTION deposit_event FROM PUBLIC;
