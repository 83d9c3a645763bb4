-- Begins an operation; recovery looks at it after p_wake_after_ms. Outcomes: started | busy (another operation runs
-- under p_lock_key; other_operation is set when it is the caller's own).
CREATE OR REPLACE FUNCTION operation_start(
  p_id text, p_account_id text, p_product text, p_kind text, p_subject text, p_item jsonb, p_lock_key text,
    p_key_id text, p_request_id text, p_wake_after_ms integer,
  OUT outcome text, OUT other_operation text, OUT created_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  IF p_lock_key IS NOT NULL THEN
    SELECT CASE WHEN o.account_id = p_account_id THEN o.id END INTO other_operation FROM operation o
      WHERE o.product = p_product AND o.lock_key = p_lock_key AND o.state = 'running';
    IF FOUND THEN
      outcome := 'busy';
      RETURN;
    END IF;
  END IF;
  INSERT INTO operation (id, account_id, product, kind, subject, item, state, lock_key, key_id, request_id, wake_at)
    VALUES (p_id, p_account_id, p_product, p_kind, p_subject, p_item, 'running', p_lock_key, p_key_id, p_request_id,
      now() + make_interval(secs => p_wake_after_ms / 1000.0));
  outcome := 'started';
  created_at := now();
END $$;
REVOKE ALL ON FUNCTION operation_start FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operation_start TO lumi_domains, lumi_vps, lumi_proxy;
