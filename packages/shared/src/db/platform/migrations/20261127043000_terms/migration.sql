-- Terms: every input of a price, stored with the order and with the quote, and what it costs, line by line. See docs/decisions/0007.
-- `facts` are the inputs; `cost` is [{label, unit, times, share: {part, of}}], whose sum is the price; `tariff` are catalogue prices a part of it is charged by.
ALTER TABLE orders ADD COLUMN terms jsonb;
ALTER TABLE orders ADD COLUMN delivered jsonb;
-- Orders from before stand at their price as it is.
UPDATE orders SET terms = jsonb_build_object('facts', '{}'::jsonb, 'cost', jsonb_build_array(jsonb_build_object('label', kind, 'unit', price::text, 'times', 1))),
  delivered = CASE WHEN charged < price THEN jsonb_build_array(jsonb_build_object('label', kind, 'unit', charged::text, 'times', 1)) END;
ALTER TABLE orders ALTER COLUMN terms SET NOT NULL;
COMMENT ON COLUMN orders.delivered IS 'Lines of what was delivered in part, which is what was charged; null where all of the terms was.';

-- THE GUARD OF THE HOLD. It rides in the statement of purchase_begin: `p_now` are the facts as the locked rows of the product have them at that moment, and whatever they name must be
-- what the terms state. Otherwise the whole statement is undone, and the name of the constraint says which fact changed (the state comes first).
-- This is the only place that compares them: with `RETURN true` in its stead every two-step race sells at an old price.
CREATE FUNCTION terms_hold(p_terms jsonb, p_now jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE SET search_path = platform, pg_temp AS $$
DECLARE
  v_changed text;
BEGIN
  IF p_now IS NULL THEN
    v_changed := 'object';
  ELSE
    SELECT n.key INTO v_changed FROM jsonb_each(p_now) n WHERE n.value IS DISTINCT FROM p_terms -> 'facts' -> n.key ORDER BY n.key <> 'state', n.key LIMIT 1;
  END IF;
  IF v_changed IS NULL THEN
    RETURN true;
  END IF;
  RAISE EXCEPTION 'violates constraint "terms_%"', v_changed USING ERRCODE = 'check_violation', CONSTRAINT = 'terms_' || v_changed;
END $$;

-- A moment as facts have it, which is as JavaScript writes it.
CREATE FUNCTION fact_time(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$$;

-- The money step as before (see 20261124090600_lifecycle), which keeps the terms.
DROP FUNCTION purchase_begin(text, text, text, text, text, jsonb, bigint, text, text, text, boolean, bigint, text, text, bytea, text, text, integer, text, text[], jsonb, integer, boolean);
CREATE FUNCTION purchase_begin(
  p_order_id text, p_account_id text, p_product text, p_kind text, p_subject text, p_item jsonb, p_terms jsonb, p_price bigint, p_lock_key text,
  p_key_id text, p_lineage_id text, p_operator boolean, p_default_cap bigint,
  p_idem_scope text, p_idem_key text, p_fingerprint bytea, p_request_id text,
  p_batch_id text, p_batch_item integer, p_reference text, p_tags text[], p_metadata jsonb,
  p_wake_after_ms integer, p_dry_run boolean,
  OUT outcome text, OUT status integer, OUT body bytea, OUT location text, OUT first_request_id text, OUT other_order text, OUT created_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_wallet wallet%ROWTYPE;
  v_claim idempotency%ROWTYPE;
  v_cap bigint;
  v_spent bigint;
  v_day date := (now() AT TIME ZONE 'UTC')::date;
  v_is_system boolean := p_key_id = 'system';
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not buy for product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF v_is_system OR p_idem_scope = 'auto' OR p_lineage_id LIKE 'auto:%' THEN
    -- No key pays for a renewal that Lumi makes: all of these belong together, or nothing is bought.
    IF NOT v_is_system OR p_idem_scope IS DISTINCT FROM 'auto' OR coalesce(p_idem_key, '') !~ '^[^#]+@[^#]+#[0-9]+$' OR p_operator
       OR p_lineage_id IS DISTINCT FROM 'auto:' || p_product || ':' || p_account_id THEN
      RAISE EXCEPTION 'not a renewal of its own account' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSE
    SELECT coalesce(k.daily_cap, p_default_cap) INTO v_cap FROM api_key k
      WHERE k.id = p_key_id AND k.product = p_product AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
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
    SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_idem_scope AND i.product = p_product AND i.key = p_idem_key;
    IF FOUND THEN
      outcome := CASE WHEN v_claim.fingerprint IS DISTINCT FROM p_fingerprint THEN 'reused' WHEN v_claim.state = 'done' THEN 'replay' ELSE 'in_progress' END;
      IF outcome = 'replay' THEN
        status := v_claim.status; body := v_claim.body; location := v_claim.location; first_request_id := v_claim.request_id;
      END IF;
      other_order := v_claim.subject;
      RETURN;
    END IF;
  END IF;
  IF v_is_system THEN
    -- Whatever became of the claim's record: from one expiry a thing is renewed once.
    SELECT o.id INTO other_order FROM orders o
      WHERE o.product = p_product AND o.idem_scope = 'auto' AND split_part(o.idem_key, '#', 1) = split_part(p_idem_key, '#', 1) AND o.state <> 'released';
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
  INSERT INTO orders (id, account_id, product, kind, subject, item, terms, price, state, lock_key, key_id, lineage_id, cap_day, idem_scope, idem_key,
                      batch_id, batch_item, reference, tags, metadata, request_id, wake_at)
    VALUES (p_order_id, p_account_id, p_product, p_kind, p_subject, p_item, p_terms, p_price, 'acting', p_lock_key, p_key_id, p_lineage_id,
            CASE WHEN p_operator THEN NULL ELSE v_day END, p_idem_scope, p_idem_key,
            p_batch_id, p_batch_item, p_reference, coalesce(p_tags, '{}'), p_metadata, p_request_id, now() + make_interval(secs => p_wake_after_ms / 1000.0));
END $$;

-- The end of a purchase as before (see 20261124091800_by_key_alone), which keeps what was delivered of it.
DROP FUNCTION purchase_settle(text, integer, bigint, text, text, integer, bytea, text, jsonb, text, text, text, timestamptz, jsonb);
CREATE FUNCTION purchase_settle(
  p_order_id text, p_attempt integer, p_charge bigint, p_delivered jsonb, p_transfer_id text, p_description text,
  p_status integer, p_body bytea, p_location text, p_result jsonb, p_refusal_code text, p_refusal_text text, p_supplier_ref text, p_settled_at timestamptz, p_events jsonb,
  OUT settled boolean, OUT account_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_order orders%ROWTYPE;
BEGIN
  UPDATE orders o SET
      state = CASE WHEN p_charge IS NULL THEN 'released' ELSE 'captured' END,
      charged = p_charge, delivered = p_delivered, result = p_result, refusal_code = p_refusal_code, refusal_text = p_refusal_text,
      supplier_ref = coalesce(p_supplier_ref, o.supplier_ref), wake_at = NULL, stuck_since = NULL, settled_at = p_settled_at
    WHERE o.id = p_order_id AND o.attempt = p_attempt AND o.settled_at IS NULL
      AND (session_user = 'lumi_' || o.product OR session_user = current_user)
    RETURNING o.* INTO v_order;
  settled := FOUND;
  IF NOT settled THEN
    RETURN;
  END IF;
  account_id := v_order.account_id;
  PERFORM post_transfer(p_transfer_id, 'charge', v_order.account_id, 'house:sales:' || v_order.product, -coalesce(p_charge, 0), v_order.price,
                        v_order.product, v_order.id, NULL, v_order.key_id, v_order.idem_key, p_description);
  IF v_order.cap_day IS NOT NULL AND v_order.price > coalesce(p_charge, 0) THEN
    UPDATE daily_spend SET spent = spent - (v_order.price - coalesce(p_charge, 0)) WHERE lineage_id = v_order.lineage_id AND day = v_order.cap_day;
  END IF;
  IF v_order.idem_key IS NOT NULL THEN
    PERFORM finish_claim(v_order.idem_scope, v_order.product, v_order.idem_key, p_status, p_body, p_location);
  END IF;
  IF p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data)
      SELECT e.id, v_order.account_id, v_order.product, e.type, e.subject, e.data
      FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
END $$;

-- A line is used at the terms it was told for.
CREATE OR REPLACE FUNCTION quote_use_checked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM quote_line l JOIN quote q ON q.id = l.quote_id JOIN orders o ON o.id = NEW.order_id
    WHERE l.quote_id = NEW.quote_id AND l.line = NEW.line AND l.price = NEW.price AND l.kind = o.kind AND l.terms = o.terms AND o.price = NEW.price AND o.account_id = q.account_id AND o.product = q.product
  ) THEN
    RAISE EXCEPTION 'violates constraint "quote_use_matches"' USING ERRCODE = 'check_violation', CONSTRAINT = 'quote_use_matches';
  END IF;
  RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION purchase_begin, purchase_settle, terms_hold, fact_time FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purchase_begin, purchase_settle, terms_hold, fact_time TO lumi_domains, lumi_vps, lumi_proxy;
