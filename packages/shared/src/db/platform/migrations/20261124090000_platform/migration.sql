-- Platform: accounts, keys, the ledger, idempotency, orders, events. Money moves only through the functions below.
-- Amounts are bigint of 1/10,000 USD. Lock order in every function: order row before wallet row; a new order row is
-- inserted while its wallet row is locked.

-- ── accounts and keys ────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE account (
  id         text PRIMARY KEY,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_key (
  id                 text PRIMARY KEY,
  product            text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  account_id         text REFERENCES account (id),
  type               text NOT NULL CHECK (type IN ('reseller', 'operator')),
  lineage_id         text NOT NULL,
  digest             bytea NOT NULL UNIQUE,
  pepper_version     integer NOT NULL,
  prefix             text NOT NULL,
  scopes             text[] NOT NULL,
  daily_cap          bigint CHECK (daily_cap >= 0),
  regular_per_minute integer CHECK (regular_per_minute > 0),
  money_per_minute   integer CHECK (money_per_minute > 0),
  ip_allowlist       cidr[] NOT NULL DEFAULT '{}',
  signing            text NOT NULL DEFAULT 'none' CHECK (signing IN ('none', 'v1', 'v2')),
  signing_secret     bytea,
  created_at         timestamptz NOT NULL DEFAULT now(),
  expires_at         timestamptz,
  revoked_at         timestamptz,
  replaced_by        text,
  last_used_at       timestamptz,
  generation         bigint NOT NULL DEFAULT 1,
  CHECK ((type = 'operator') = (account_id IS NULL)),
  CHECK ((signing = 'none') = (signing_secret IS NULL))
);
CREATE INDEX api_key_account ON api_key (account_id, created_at);
CREATE INDEX api_key_lineage ON api_key (lineage_id);

-- Gateways listen on lumi_keys; the payload is the digest, so a cache can drop exactly this key.
CREATE FUNCTION api_key_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation + 1;
  PERFORM pg_notify('lumi_keys', encode(OLD.digest, 'hex'));
  RETURN NEW;
END $$;
CREATE TRIGGER api_key_changed BEFORE UPDATE ON api_key
  FOR EACH ROW WHEN (OLD.last_used_at IS NOT DISTINCT FROM NEW.last_used_at) EXECUTE FUNCTION api_key_changed();

-- ── ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- `posted` is the sum of the wallet's entries; `held` the sum of its open orders. Available = posted - held, never negative.
CREATE TABLE wallet (
  account_id text PRIMARY KEY REFERENCES account (id),
  posted     bigint NOT NULL DEFAULT 0,
  held       bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT wallet_available CHECK (posted - held >= 0)
);

CREATE TABLE transfer (
  id              text PRIMARY KEY,
  kind            text NOT NULL CHECK (kind IN ('deposit', 'charge', 'refund', 'adjustment')),
  account_id      text NOT NULL REFERENCES account (id),
  product         text,
  order_id        text,
  deposit_id      text,
  key_id          text,
  idempotency_key text,
  description     text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now()
);
-- An order is charged once and a deposit credited once, for ever.
CREATE UNIQUE INDEX transfer_charge_once ON transfer (order_id) WHERE kind = 'charge';
CREATE UNIQUE INDEX transfer_deposit_once ON transfer (deposit_id) WHERE kind = 'deposit';
CREATE INDEX transfer_order ON transfer (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE entry (
  seq            bigserial PRIMARY KEY,
  transfer_id    text NOT NULL REFERENCES transfer (id),
  ledger_account text NOT NULL,
  account_id     text,
  amount         bigint NOT NULL CHECK (amount <> 0),
  balance_after  bigint,
  created_at     timestamptz NOT NULL DEFAULT now(),
  CHECK ((account_id IS NULL) = (balance_after IS NULL)),
  CHECK (account_id IS NULL OR ledger_account = 'wallet:' || account_id)
);
CREATE INDEX entry_account ON entry (account_id, seq DESC) WHERE account_id IS NOT NULL;
CREATE INDEX entry_transfer ON entry (transfer_id);

-- The entries of a transfer are inserted by one statement and sum to zero, or the statement fails.
CREATE FUNCTION entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added GROUP BY transfer_id HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'entries of a transfer must sum to zero' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_balanced AFTER INSERT ON entry
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION entry_balanced();

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only; correct a mistake with an opposite transfer', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Captured + held per key lineage and UTC day. Changed only while the lineage's wallet row is locked.
CREATE TABLE daily_spend (
  lineage_id text NOT NULL,
  day        date NOT NULL,
  spent      bigint NOT NULL CHECK (spent >= 0),
  PRIMARY KEY (lineage_id, day)
);

-- ── idempotency ──────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE idempotency (
  scope       text NOT NULL,
  product     text NOT NULL,
  key         text NOT NULL,
  fingerprint bytea NOT NULL,
  state       text NOT NULL CHECK (state IN ('claimed', 'done')),
  subject     text,
  status      integer,
  body        bytea,
  location    text,
  request_id  text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  done_at     timestamptz,
  PRIMARY KEY (scope, product, key),
  CHECK ((state = 'done') = (status IS NOT NULL AND body IS NOT NULL AND done_at IS NOT NULL))
);
CREATE INDEX idempotency_age ON idempotency (done_at) WHERE state = 'done';

-- ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- An order row is the hold, the record of what was sent to the supplier, and the wake-up of the recovery worker (wake_at).
CREATE TABLE orders (
  seq           bigserial UNIQUE,
  id            text PRIMARY KEY,
  account_id    text NOT NULL REFERENCES account (id),
  product       text NOT NULL,
  kind          text NOT NULL,
  subject       text NOT NULL,
  item          jsonb NOT NULL,
  price         bigint NOT NULL CHECK (price >= 0),
  charged       bigint CHECK (charged >= 0 AND charged <= price),
  state         text NOT NULL CHECK (state IN ('acting', 'pending', 'captured', 'released')),
  lock_key      text,
  supplier_ref  text,
  result        jsonb,
  refusal_code  text,
  refusal_text  text,
  key_id        text NOT NULL,
  lineage_id    text NOT NULL,
  cap_day       date,
  idem_scope    text,
  idem_key      text,
  batch_id      text,
  batch_item    integer,
  reference     text,
  tags          text[] NOT NULL DEFAULT '{}',
  metadata      jsonb,
  request_id    text NOT NULL,
  attempt       integer NOT NULL DEFAULT 1,
  wake_at       timestamptz,
  stuck_since   timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now(),
  settled_at    timestamptz,
  CHECK ((state IN ('acting', 'pending')) = (settled_at IS NULL)),
  CHECK ((state IN ('acting', 'pending')) = (wake_at IS NOT NULL)),
  CHECK ((state = 'captured') = (charged IS NOT NULL))
);
-- One running paid operation per object, whoever asks: two buyers cannot both hold money for one name.
CREATE UNIQUE INDEX orders_one_open ON orders (product, lock_key) WHERE state IN ('acting', 'pending') AND lock_key IS NOT NULL;
CREATE INDEX orders_due ON orders (product, wake_at) WHERE state IN ('acting', 'pending');
CREATE INDEX orders_account ON orders (account_id, product, seq DESC);
CREATE INDEX orders_batch ON orders (batch_id, batch_item) WHERE batch_id IS NOT NULL;

-- ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE event (
  seq        bigserial PRIMARY KEY,
  id         text NOT NULL UNIQUE,
  account_id text NOT NULL,
  product    text NOT NULL,
  type       text NOT NULL,
  subject    text NOT NULL,
  data       jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_account ON event (account_id, product, seq);

-- ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION create_account(p_id text, p_name text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  INSERT INTO account (id, name) VALUES (p_id, p_name);
  INSERT INTO wallet (account_id) VALUES (p_id);
$$;

CREATE FUNCTION touch_keys(p_ids text[], p_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  UPDATE api_key SET last_used_at = p_at WHERE id = ANY (p_ids) AND (last_used_at IS NULL OR last_used_at < p_at);
$$;

-- The one writer of ledger lines. Internal: not granted to any service. `p_amount` is signed from the wallet's side.
-- Raises check_violation (wallet_available) when the wallet would go below zero.
CREATE FUNCTION post_transfer(
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
      VALUES (p_id, p_kind, p_account_id, p_product, p_order_id, p_deposit_id, p_key_id, p_idempotency_key, p_description);
    INSERT INTO entry (transfer_id, ledger_account, account_id, amount, balance_after) VALUES
      (p_id, 'wallet:' || p_account_id, p_account_id, p_amount, v_after),
      (p_id, p_house, NULL, -p_amount, NULL);
  END IF;
  RETURN v_after;
END $$;

-- A key is good for money only if it is good now, not if it was when the gateway cached it.
CREATE FUNCTION key_is_good(p_key_id text, p_product text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM api_key WHERE id = p_key_id AND product = p_product AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()));
$$;

-- Claims an idempotency key for an effect other than a purchase; the caller commits claim and effect together and calls
-- finish_claim. Outcomes: claimed | replay | in_progress | reused | invalid_key.
CREATE FUNCTION claim(
  p_scope text, p_product text, p_key text, p_fingerprint bytea, p_request_id text, p_key_id text, p_subject text,
  OUT outcome text, OUT status integer, OUT body bytea, OUT location text, OUT first_request_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_claim idempotency%ROWTYPE;
BEGIN
  IF NOT key_is_good(p_key_id, p_product) THEN
    outcome := 'invalid_key';
    RETURN;
  END IF;
  INSERT INTO idempotency (scope, product, key, fingerprint, state, subject, request_id)
    VALUES (p_scope, p_product, p_key, p_fingerprint, 'claimed', p_subject, p_request_id) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    outcome := 'claimed';
    RETURN;
  END IF;
  SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_scope AND i.product = p_product AND i.key = p_key;
  outcome := CASE WHEN v_claim.fingerprint IS DISTINCT FROM p_fingerprint THEN 'reused' WHEN v_claim.state = 'done' THEN 'replay' ELSE 'in_progress' END;
  IF outcome = 'replay' THEN
    status := v_claim.status; body := v_claim.body; location := v_claim.location; first_request_id := v_claim.request_id;
  END IF;
END $$;

CREATE FUNCTION finish_claim(p_scope text, p_product text, p_key text, p_status integer, p_body bytea, p_location text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  UPDATE idempotency SET state = 'done', status = p_status, body = p_body, location = p_location, done_at = now()
    WHERE scope = p_scope AND product = p_product AND key = p_key AND state = 'claimed';
$$;

-- Done claims are forgotten after 30 days; unsettled ones never.
CREATE FUNCTION forget_claims(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  DELETE FROM idempotency WHERE ctid IN (SELECT ctid FROM idempotency WHERE state = 'done' AND done_at < now() - interval '30 days' LIMIT p_limit);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- An operator's correction of a wallet. Raises check_violation when it would take more than is available.
CREATE FUNCTION adjust(p_transfer_id text, p_account_id text, p_amount bigint, p_reason text, p_product text, p_key_id text, p_idempotency_key text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  SELECT post_transfer(p_transfer_id, 'adjustment', p_account_id, 'house:adjustments', p_amount, 0, p_product, NULL, NULL, p_key_id, p_idempotency_key, p_reason);
$$;

-- THE MONEY STEP: key re-read, idempotency claim, daily cap, balance, hold, order row with its wake-up, in one statement.
-- Everything is checked first while the wallet row is locked; below the line nothing refuses, and unique indexes have the
-- last word. Outcomes: held | replay | in_progress | reused | invalid_key | no_account | cap | balance | busy.
-- With p_dry_run nothing is written and `held` means "would be held".
CREATE FUNCTION purchase_begin(
  p_order_id text, p_account_id text, p_product text, p_kind text, p_subject text, p_item jsonb, p_price bigint, p_lock_key text,
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
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not buy for product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT coalesce(k.daily_cap, p_default_cap) INTO v_cap FROM api_key k
    WHERE k.id = p_key_id AND k.product = p_product AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
  IF NOT FOUND THEN
    outcome := 'invalid_key';
    RETURN;
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
  INSERT INTO orders (id, account_id, product, kind, subject, item, price, state, lock_key, key_id, lineage_id, cap_day, idem_scope, idem_key,
                      batch_id, batch_item, reference, tags, metadata, request_id, wake_at)
    VALUES (p_order_id, p_account_id, p_product, p_kind, p_subject, p_item, p_price, 'acting', p_lock_key, p_key_id, p_lineage_id,
            CASE WHEN p_operator THEN NULL ELSE v_day END, p_idem_scope, p_idem_key,
            p_batch_id, p_batch_item, p_reference, coalesce(p_tags, '{}'), p_metadata, p_request_id, now() + make_interval(secs => p_wake_after_ms / 1000.0));
END $$;

-- THE END OF A PURCHASE: capture (wholly or in part) or release, the order's final state, the stored answer, the events, in one
-- statement; the product's own rows are written by the same statement around it. A caller whose attempt is not the current one
-- is fenced: settled = false and nothing changed.
CREATE FUNCTION purchase_settle(
  p_order_id text, p_attempt integer, p_charge bigint, p_transfer_id text, p_description text,
  p_status integer, p_body bytea, p_location text, p_result jsonb, p_refusal_code text, p_refusal_text text, p_supplier_ref text, p_settled_at timestamptz, p_events jsonb,
  OUT settled boolean, OUT account_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_order orders%ROWTYPE;
BEGIN
  UPDATE orders o SET
      state = CASE WHEN p_charge IS NULL THEN 'released' ELSE 'captured' END,
      charged = p_charge, result = p_result, refusal_code = p_refusal_code, refusal_text = p_refusal_text,
      supplier_ref = coalesce(p_supplier_ref, o.supplier_ref), wake_at = NULL, stuck_since = NULL, settled_at = p_settled_at
    WHERE o.id = p_order_id AND o.attempt = p_attempt AND o.state IN ('acting', 'pending')
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

-- The supplier accepted and works on it, or nobody knows: the hold stays, and somebody looks again at wake_at.
CREATE FUNCTION purchase_postpone(p_order_id text, p_attempt integer, p_state text, p_supplier_ref text, p_wake_after_ms integer, p_stuck boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE orders o SET state = p_state, supplier_ref = coalesce(p_supplier_ref, o.supplier_ref), wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0),
      stuck_since = CASE WHEN p_stuck THEN coalesce(o.stuck_since, now()) ELSE o.stuck_since END
    WHERE o.id = p_order_id AND o.attempt = p_attempt AND o.state IN ('acting', 'pending')
      AND (session_user = 'lumi_' || o.product OR session_user = current_user);
  RETURN FOUND;
END $$;

-- Recovery takes over orders whose deadline has passed: a new attempt number fences whoever had them before.
CREATE FUNCTION purchase_take_over(p_product text, p_limit integer, p_lease_ms integer) RETURNS SETOF orders
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not recover orders of product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
    UPDATE orders o SET attempt = o.attempt + 1, wake_at = now() + make_interval(secs => p_lease_ms / 1000.0)
    FROM (SELECT d.id FROM orders d WHERE d.product = p_product AND d.state IN ('acting', 'pending') AND d.wake_at <= now()
          ORDER BY d.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED) due
    WHERE o.id = due.id RETURNING o.*;
END $$;

-- ── least power ──────────────────────────────────────────────────────────────────────────────────────────────────
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA platform FROM PUBLIC;
GRANT USAGE ON SCHEMA platform TO lumi_gateway, lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT ON api_key TO lumi_gateway, lumi_domains, lumi_vps, lumi_proxy;
GRANT EXECUTE ON FUNCTION touch_keys TO lumi_gateway;
GRANT SELECT ON account, wallet, transfer, entry, daily_spend, idempotency, orders, event TO lumi_domains, lumi_vps, lumi_proxy;
GRANT INSERT, UPDATE ON api_key TO lumi_domains, lumi_vps, lumi_proxy;
GRANT EXECUTE ON FUNCTION create_account, key_is_good, claim, finish_claim, forget_claims, adjust, purchase_begin, purchase_settle, purchase_postpone, purchase_take_over
  TO lumi_domains, lumi_vps, lumi_proxy;
