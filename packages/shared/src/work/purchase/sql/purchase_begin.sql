-- The money step: key re-read, idempotency claim, daily cap, balance, hold, order row with its wake-up, in one
-- statement. All checks come first, while the wallet row is locked; after them nothing refuses, and unique indexes
-- decide races. A refusal writes nothing but the event of the day's first one for the cap. Outcomes: held | replay
-- (with the stored answer) | in_progress | reused | invalid_key | no_account | cap | balance | busy. With busy,
-- other_order is the order that is open on the same object, when it is the caller's own.
--
-- p_price and p_default_cap are in 1/10,000 USD. p_terms are the inputs of the price (see terms_hold), p_lock_key names
-- the object of which only one order may be open. With p_dry_run nothing is written and `held` means "would be held".
--
-- The key `system` pays for an automatic renewal. It is valid only with the claim scope `auto`, for the account its
-- lineage names, and within the account's own limits for such renewals. Its idempotency key is <thing>@<expiry it is
-- renewed from>#<round>: the index orders_renewed_once ensures "never twice from one expiry", and a round follows only
-- a released one.
CREATE OR REPLACE FUNCTION purchase_begin(
  p_order_id text, p_account_id text, p_product text, p_kind text, p_subject text, p_item jsonb, p_terms jsonb,
    p_price bigint, p_lock_key text,
  p_key_id text, p_lineage_id text, p_operator boolean, p_default_cap bigint,
  p_idem_scope text, p_idem_key text, p_fingerprint bytea, p_request_id text,
  p_batch_id text, p_batch_item integer, p_reference text, p_tags text[], p_metadata jsonb,
  p_wake_after_ms integer, p_dry_run boolean,
  OUT outcome text, OUT status integer, OUT body bytea, OUT location text, OUT first_request_id text,
    OUT other_order text, OUT created_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_wallet wallet%ROWTYPE;
  v_claim idempotency%ROWTYPE;
  v_cap bigint;
  v_spent bigint;
  v_day date := (now() AT TIME ZONE 'UTC')::date;
  v_is_system boolean := p_key_id = 'system';
BEGIN
  PERFORM require_product(p_product);
  IF v_is_system OR p_idem_scope = 'auto' OR p_lineage_id LIKE 'auto:%' THEN
    -- No key pays for a renewal that Lumi makes: all of these belong together, or nothing is bought.
    IF NOT v_is_system OR p_idem_scope IS DISTINCT FROM 'auto' OR coalesce(p_idem_key, '') !~ '^[^#]+@[^#]+#[0-9]+$'
      OR p_operator
       OR p_lineage_id IS DISTINCT FROM 'auto:' || p_product || ':' || p_account_id THEN
      RAISE EXCEPTION 'not a renewal of its own account' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSE
    SELECT coalesce(k.daily_cap, p_default_cap) INTO v_cap FROM api_key k
      WHERE k.id = p_key_id AND k.product = p_product AND k.lineage_id = p_lineage_id
        AND (k.type = 'operator') = p_operator AND (p_operator OR k.account_id = p_account_id) AND k.revoked_at IS NULL
          AND (k.expires_at IS NULL OR k.expires_at > now());
    IF NOT FOUND THEN
      outcome := 'invalid_key';
      RETURN;
    END IF;
  END IF;
  IF p_dry_run THEN
    SELECT * INTO v_wallet FROM wallet w WHERE w.account_id = p_account_id;
  ELSE
    SELECT * INTO v_wallet FROM wallet w WHERE w.account_id = p_account_id FOR NO KEY UPDATE;
  END IF;
  IF NOT FOUND THEN
    outcome := 'no_account';
    RETURN;
  END IF;
  IF p_idem_key IS NOT NULL THEN
    SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_idem_scope AND i.product = p_product
      AND i.key = p_idem_key;
    IF FOUND THEN
      outcome := CASE WHEN v_claim.fingerprint IS DISTINCT FROM p_fingerprint THEN 'reused' WHEN v_claim.state = 'done'
        THEN 'replay' ELSE 'in_progress' END;
      IF outcome = 'replay' THEN
        status := v_claim.status; body := v_claim.body; location := v_claim.location; first_request_id :=
          v_claim.request_id;
      END IF;
      other_order := v_claim.subject;
      RETURN;
    END IF;
  END IF;
  IF v_is_system THEN
    -- Whatever became of the claim's record: from one expiry a thing is renewed once.
    SELECT o.id INTO other_order FROM orders o
      WHERE o.product = p_product AND o.idem_scope = 'auto' AND split_part(o.idem_key, '#', 1) = split_part(p_idem_key,
        '#', 1) AND o.state <> 'released';
    IF FOUND THEN
      outcome := 'in_progress';
      RETURN;
    END IF;
    IF NOT auto_renew_allows(p_account_id, p_product, p_price) THEN
      outcome := 'cap';
      RETURN;
    END IF;
  END IF;
  IF NOT p_operator AND v_cap IS NOT NULL THEN
    SELECT d.spent INTO v_spent FROM daily_spend d WHERE d.lineage_id = p_lineage_id AND d.day = v_day;
    v_spent := coalesce(v_spent, 0);
    IF v_spent >= v_cap OR v_spent + p_price > v_cap THEN
      outcome := 'cap';
      IF NOT p_dry_run THEN
        PERFORM key_cap_reached(p_account_id, p_product, p_key_id, p_lineage_id, v_day, v_cap);
      END IF;
      RETURN;
    END IF;
  END IF;
  IF v_wallet.posted - v_wallet.held < p_price THEN
    outcome := 'balance';
    RETURN;
  END IF;
  IF p_lock_key IS NOT NULL THEN
    SELECT CASE WHEN o.account_id = p_account_id THEN o.id END INTO other_order FROM orders o
      WHERE o.product = p_product AND o.lock_key = p_lock_key AND o.state IN ('acting', 'pending');
    IF FOUND THEN
      outcome := 'busy';
      RETURN;
    END IF;
  END IF;
  outcome := 'held';
  created_at := now();
  IF p_dry_run THEN
    RETURN;
  END IF;

  -- Nothing below may refuse.
  IF p_idem_key IS NOT NULL THEN
    INSERT INTO idempotency (scope, product, key, fingerprint, state, subject, request_id)
      VALUES (p_idem_scope, p_product, p_idem_key, p_fingerprint, 'claimed', p_order_id, p_request_id);
  END IF;
  IF NOT p_operator THEN
    INSERT INTO daily_spend AS d (lineage_id, day, spent) VALUES (p_lineage_id, v_day, p_price)
      ON CONFLICT (lineage_id, day) DO UPDATE SET spent = d.spent + excluded.spent;
  END IF;
  UPDATE wallet SET held = held + p_price, updated_at = now() WHERE account_id = p_account_id;
  INSERT INTO orders (id, account_id, product, kind, subject, item, terms, price, state, lock_key, key_id, lineage_id,
    cap_day, idem_scope, idem_key,
                      batch_id, batch_item, reference, tags, metadata, request_id, wake_at)
    VALUES (p_order_id, p_account_id, p_product, p_kind, p_subject, p_item, p_terms, p_price, 'acting', p_lock_key,
      p_key_id, p_lineage_id,
            CASE WHEN p_operator THEN NULL ELSE v_day END, p_idem_scope, p_idem_key,
            p_batch_id, p_batch_item, p_reference, coalesce(p_tags, '{}'), p_metadata, p_request_id,
              now() + make_interval(secs => p_wake_after_ms / 1000.0));
END $$;
REVOKE ALL ON FUNCTION purchase_begin FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purchase_begin TO lumi_domains, lumi_vps, lumi_proxy;
