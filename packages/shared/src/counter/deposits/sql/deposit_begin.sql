-- Key re-read, idempotency claim, cap, deposit row with its wake-up, in one statement. p_amount is in 1/10,000 USD. A
-- deposit is not spend: a cap that is used up refuses it, but it adds nothing to the spend. Outcomes: begun | replay
-- (with the stored answer) | in_progress | reused | invalid_key | no_account | cap.
CREATE OR REPLACE FUNCTION deposit_begin(
  p_id text, p_account_id text, p_product text, p_provider text, p_amount bigint, p_asset text, p_return_url text,
    p_reference text, p_expires_in_s integer,
  p_key_id text, p_lineage_id text, p_operator boolean, p_default_cap bigint,
  p_idem_scope text, p_idem_key text, p_fingerprint bytea, p_request_id text, p_wake_after_ms integer,
  OUT outcome text, OUT status integer, OUT body bytea, OUT location text, OUT first_request_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_claim idempotency%ROWTYPE;
  v_cap bigint;
BEGIN
  PERFORM require_product(p_product);
  SELECT coalesce(k.daily_cap, p_default_cap) INTO v_cap FROM api_key k
    WHERE k.id = p_key_id AND k.product = p_product AND k.lineage_id = p_lineage_id
      AND (k.type = 'operator') = p_operator AND (p_operator OR k.account_id = p_account_id) AND k.revoked_at IS NULL
        AND (k.expires_at IS NULL OR k.expires_at > now());
  IF NOT FOUND THEN
    outcome := 'invalid_key';
    RETURN;
  END IF;
  SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_idem_scope AND i.product = p_product
    AND i.key = p_idem_key;
  IF NOT FOUND THEN
    IF NOT EXISTS (SELECT 1 FROM account a WHERE a.id = p_account_id) THEN
      outcome := 'no_account';
      RETURN;
    END IF;
    IF NOT p_operator AND v_cap IS NOT NULL AND v_cap <= coalesce((
      SELECT d.spent FROM daily_spend d WHERE d.lineage_id = p_lineage_id
        AND d.day = (now() AT TIME ZONE 'UTC')::date), 0) THEN
      outcome := 'cap';
      RETURN;
    END IF;
    INSERT INTO idempotency (scope, product, key, fingerprint, state, subject, request_id)
      VALUES (p_idem_scope, p_product, p_idem_key, p_fingerprint, 'claimed', p_id, p_request_id) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      -- Nothing below may refuse.
      INSERT INTO deposit (id, account_id, product, provider, amount, state, asset, return_url, reference, expires_in_s,
                           key_id, lineage_id, idem_scope, idem_key, request_id, wake_at)
        VALUES (p_id, p_account_id, p_product, p_provider, p_amount, 'created', p_asset, p_return_url, p_reference,
          p_expires_in_s,
                p_key_id, p_lineage_id, p_idem_scope, p_idem_key, p_request_id,
                  now() + make_interval(secs => p_wake_after_ms / 1000.0));
      outcome := 'begun';
      RETURN;
    END IF;
    -- A twin was faster between the two reads.
    SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_idem_scope AND i.product = p_product
      AND i.key = p_idem_key;
  END IF;
  outcome := CASE WHEN v_claim.fingerprint IS DISTINCT FROM p_fingerprint THEN 'reused' WHEN v_claim.state = 'done'
    THEN 'replay' ELSE 'in_progress' END;
  IF outcome = 'replay' THEN
    status := v_claim.status; body := v_claim.body; location := v_claim.location; first_request_id :=
      v_claim.request_id;
  END IF;
END $$;
REVOKE ALL ON FUNCTION deposit_begin FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_begin TO lumi_domains, lumi_vps, lumi_proxy;
