-- Stages the job that continues the batches of an account. Internal: no role may call it.
CREATE OR REPLACE FUNCTION batch_wake(p_product text, p_account_id text) RETURNS void LANGUAGE sql
  SET search_path = platform, pg_temp AS $$
  INSERT INTO outbox (product, name, payload, once) VALUES (p_product, 'advance-batches',
    jsonb_build_object('account_id', p_account_id), 'lane-' || p_account_id);
$$;
REVOKE ALL ON FUNCTION batch_wake FROM PUBLIC;
