-- Deposits: a customer's invoice at a payment provider, and its credit to the wallet, once for ever. A deposit row is also the
-- wake-up of the poller (wake_at). Lock order: deposit row before wallet row.

CREATE TABLE deposit (
  seq                 bigserial UNIQUE,
  id                  text PRIMARY KEY,
  account_id          text NOT NULL REFERENCES account (id),
  product             text NOT NULL,
  provider            text NOT NULL,
  amount              bigint NOT NULL CHECK (amount > 0),
  state               text NOT NULL CHECK (state IN ('created', 'pending', 'confirming', 'paid', 'credited', 'expired', 'cancelled', 'failed', 'refunded', 'disputed')),
  is_late             boolean NOT NULL DEFAULT false,
  asset               text,
  return_url          text,
  reference           text,
  expires_in_s        integer NOT NULL CHECK (expires_in_s > 0),
  provider_invoice_id text,
  pay_url             text,
  pay_urls            jsonb,
  expires_at          timestamptz,
  paid_at             timestamptz,
  paid_asset          text,
  paid_amount         text,
  fee_asset           text,
  fee_amount          text,
  failure             text,
  key_id              text NOT NULL,
  lineage_id          text NOT NULL,
  idem_scope          text NOT NULL,
  idem_key            text NOT NULL,
  request_id          text NOT NULL,
  wake_at             timestamptz,
  checked_at          timestamptz,
  created_at          timestamptz NOT NULL DEFAULT now(),
  settled_at          timestamptz,
  -- One invoice of a provider belongs to one deposit, so it can be credited to nobody else.
  CONSTRAINT deposit_invoice_once UNIQUE (provider, provider_invoice_id),
  CHECK (state NOT IN ('pending', 'confirming', 'paid', 'credited') OR provider_invoice_id IS NOT NULL),
  CHECK ((state IN ('created', 'pending', 'confirming', 'paid')) = (settled_at IS NULL)),
  CHECK (state NOT IN ('created', 'pending', 'confirming', 'paid') OR wake_at IS NOT NULL)
);
CREATE INDEX deposit_due ON deposit (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX deposit_account ON deposit (account_id, seq DESC);

-- What was asked for never changes, an invoice id is written once, and a credit cannot be taken back by editing the row.
CREATE FUNCTION deposit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.account_id, NEW.product, NEW.provider, NEW.amount, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.product, OLD.provider, OLD.amount, OLD.created_at)
     OR (OLD.provider_invoice_id IS NOT NULL AND NEW.provider_invoice_id IS DISTINCT FROM OLD.provider_invoice_id)
     OR (OLD.state = 'credited' AND NEW.state NOT IN ('credited', 'refunded', 'disputed')) THEN
    RAISE EXCEPTION 'this part of a deposit cannot change' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER deposit_guard BEFORE UPDATE ON deposit FOR EACH ROW EXECUTE FUNCTION deposit_guard();
CREATE TRIGGER deposit_kept BEFORE DELETE OR TRUNCATE ON deposit FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The `sandbox` provider's own books: what a real provider would keep at its side.
CREATE TABLE sandbox_invoice (
  deposit_id text PRIMARY KEY,
  token      text NOT NULL UNIQUE,
  amount     bigint NOT NULL CHECK (amount > 0),
  return_url text,
  state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'cancelled')),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  paid_at    timestamptz,
  CHECK ((state = 'paid') = (paid_at IS NOT NULL))
);

-- Key re-read, idempotency claim, cap, deposit row with its wake-up, in one statement. A deposit is no spend: a reached cap refuses
-- it, but it adds nothing. Outcomes: begun | replay | in_progress | reused | invalid_key | no_account | cap.
CREATE FUNCTION deposit_begin(
  p_id text, p_account_id text, p_product text, p_provider text, p_amount bigint, p_asset text, p_return_url text, p_reference text, p_expires_in_s integer,
  p_key_id text, p_lineage_id text, p_operator boolean, p_default_cap bigint,
  p_idem_scope text, p_idem_key text, p_fingerprint bytea, p_request_id text, p_wake_after_ms integer,
  OUT outcome text, OUT status integer, OUT body bytea, OUT location text, OUT first_request_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_claim idempotency%ROWTYPE;
  v_cap bigint;
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not take deposits for product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT coalesce(k.daily_cap, p_default_cap) INTO v_cap FROM api_key k
    WHERE k.id = p_key_id AND k.product = p_product AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
  IF NOT FOUND THEN
    outcome := 'invalid_key';
    RETURN;
  END IF;
  SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_idem_scope AND i.product = p_product AND i.key = p_idem_key;
  IF NOT FOUND THEN
    IF NOT EXISTS (SELECT 1 FROM account a WHERE a.id = p_account_id) THEN
      outcome := 'no_account';
      RETURN;
    END IF;
    IF NOT p_operator AND v_cap IS NOT NULL AND v_cap <= coalesce((
      SELECT d.spent FROM daily_spend d WHERE d.lineage_id = p_lineage_id AND d.day = (now() AT TIME ZONE 'UTC')::date), 0) THEN
      outcome := 'cap';
      RETURN;
    END IF;
    INSERT INTO idempotency (scope, product, key, fingerprint, state, subject, request_id)
      VALUES (p_idem_scope, p_product, p_idem_key, p_fingerprint, 'claimed', p_id, p_request_id) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      -- Nothing below may refuse.
      INSERT INTO deposit (id, account_id, product, provider, amount, state, asset, return_url, reference, expires_in_s,
                           key_id, lineage_id, idem_scope, idem_key, request_id, wake_at)
        VALUES (p_id, p_account_id, p_product, p_provider, p_amount, 'created', p_asset, p_return_url, p_reference, p_expires_in_s,
                p_key_id, p_lineage_id, p_idem_scope, p_idem_key, p_request_id, now() + make_interval(secs => p_wake_after_ms / 1000.0));
      outcome := 'begun';
      RETURN;
    END IF;
    -- A twin was faster between the two reads.
    SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_idem_scope AND i.product = p_product AND i.key = p_idem_key;
  END IF;
  outcome := CASE WHEN v_claim.fingerprint IS DISTINCT FROM p_fingerprint THEN 'reused' WHEN v_claim.state = 'done' THEN 'replay' ELSE 'in_progress' END;
  IF outcome = 'replay' THEN
    status := v_claim.status; body := v_claim.body; location := v_claim.location; first_request_id := v_claim.request_id;
  END IF;
END $$;

-- The provider has an invoice for it: the deposit can be paid, and the caller's answer is stored. False: somebody else did it.
CREATE FUNCTION deposit_open(
  p_id text, p_provider_invoice_id text, p_pay_url text, p_pay_urls jsonb, p_expires_at timestamptz, p_wake_after_ms integer,
  p_status integer, p_body bytea, p_location text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  UPDATE deposit d SET state = 'pending', provider_invoice_id = p_provider_invoice_id, pay_url = p_pay_url, pay_urls = p_pay_urls, expires_at = p_expires_at,
      checked_at = now(), wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0)
    WHERE d.id = p_id AND d.state = 'created' RETURNING d.* INTO v_deposit;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM finish_claim(v_deposit.idem_scope, v_deposit.product, v_deposit.idem_key, p_status, p_body, p_location);
  RETURN true;
END $$;

-- The provider has no invoice for it and will have none. With p_forget the claim is given back: nothing happened, and the caller
-- may send the same request again.
CREATE FUNCTION deposit_fail(p_id text, p_failure text, p_forget boolean, p_status integer, p_body bytea, p_event_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  UPDATE deposit d SET state = 'failed', failure = p_failure, wake_at = NULL, settled_at = now()
    WHERE d.id = p_id AND d.state = 'created' RETURNING d.* INTO v_deposit;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF p_forget THEN
    DELETE FROM idempotency i WHERE i.scope = v_deposit.idem_scope AND i.product = v_deposit.product AND i.key = v_deposit.idem_key
      AND i.state = 'claimed' AND i.subject = v_deposit.id;
  ELSE
    PERFORM finish_claim(v_deposit.idem_scope, v_deposit.product, v_deposit.idem_key, p_status, p_body, NULL);
    PERFORM deposit_event(v_deposit, p_event_id, 'deposit.failed');
  END IF;
  RETURN true;
END $$;

-- THE CREDIT: exactly the deposit's own amount, whatever was paid, whenever it was paid, however often this is called, by whomever at
-- the same time. Outcomes: credited | already | refused (no such deposit, or the invoice is not its own, or it is disputed).
CREATE FUNCTION deposit_credit(
  p_id text, p_provider text, p_provider_invoice_id text, p_transfer_id text, p_event_id text, p_description text,
  p_paid_at timestamptz, p_paid_asset text, p_paid_amount text, p_fee_asset text, p_fee_amount text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  SELECT * INTO v_deposit FROM deposit d
    WHERE d.id = p_id AND d.provider = p_provider AND d.provider_invoice_id = p_provider_invoice_id FOR NO KEY UPDATE;
  IF NOT FOUND OR v_deposit.state IN ('created', 'refunded', 'disputed') THEN
    RETURN 'refused';
  END IF;
  IF v_deposit.state = 'credited' THEN
    RETURN 'already';
  END IF;

  -- Nothing below may refuse.
  UPDATE deposit d SET state = 'credited', is_late = v_deposit.state IN ('expired', 'cancelled', 'failed') OR p_paid_at > v_deposit.expires_at,
      paid_at = p_paid_at, paid_asset = p_paid_asset, paid_amount = p_paid_amount, fee_asset = p_fee_asset, fee_amount = p_fee_amount,
      failure = NULL, wake_at = NULL, checked_at = now(), settled_at = now()
    WHERE d.id = p_id RETURNING d.* INTO v_deposit;
  PERFORM post_transfer(p_transfer_id, 'deposit', v_deposit.account_id, 'house:deposits:' || v_deposit.provider, v_deposit.amount, 0,
                        v_deposit.product, NULL, v_deposit.id, v_deposit.key_id, v_deposit.idem_key, p_description);
  PERFORM deposit_event(v_deposit, p_event_id, 'deposit.credited');
  RETURN 'credited';
END $$;

-- The invoice can no longer be paid. The poller goes on looking for a while (p_wake_after_ms): a payment may still turn up.
CREATE FUNCTION deposit_close(p_id text, p_state text, p_wake_after_ms integer, p_event_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  IF p_state NOT IN ('expired', 'cancelled') THEN
    RAISE EXCEPTION 'a deposit is not closed as %', p_state USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE deposit d SET state = p_state, wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0), checked_at = now(), settled_at = now()
    WHERE d.id = p_id AND d.state = 'pending' RETURNING d.* INTO v_deposit;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM deposit_event(v_deposit, p_event_id, 'deposit.' || p_state);
  RETURN true;
END $$;

-- The provider's invoice is not what was asked for (other currency, other amount): no credit, a person must look.
CREATE FUNCTION deposit_dispute(p_id text, p_failure text, p_event_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_deposit deposit%ROWTYPE;
BEGIN
  UPDATE deposit d SET state = 'disputed', failure = p_failure, wake_at = NULL, settled_at = now()
    WHERE d.id = p_id AND d.state NOT IN ('created', 'credited', 'refunded', 'disputed') RETURNING d.* INTO v_deposit;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM deposit_event(v_deposit, p_event_id, 'deposit.disputed');
  RETURN true;
END $$;

CREATE FUNCTION deposit_event(p_deposit deposit, p_event_id text, p_type text) RETURNS void
LANGUAGE sql SET search_path = platform, pg_temp AS $$
  INSERT INTO event (id, account_id, product, type, subject, data)
    VALUES (p_event_id, p_deposit.account_id, p_deposit.product, p_type, p_deposit.id,
            jsonb_build_object('deposit_id', p_deposit.id, 'status', p_deposit.state, 'provider', p_deposit.provider,
              'amount_usd', p_deposit.amount / 10000 || '.' || regexp_replace(lpad((p_deposit.amount % 10000)::text, 4, '0'), '0{1,2}$', ''),
              'reference', p_deposit.reference, 'is_late', p_deposit.is_late));
$$;

-- The poller takes what is due and nobody else gets it until the lease is over. Any worker may serve any product's deposits.
CREATE FUNCTION deposit_take_due(p_limit integer, p_lease_ms integer) RETURNS SETOF deposit
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  UPDATE deposit d SET wake_at = now() + make_interval(secs => p_lease_ms / 1000.0)
  FROM (SELECT w.id FROM deposit w WHERE w.wake_at <= now() ORDER BY w.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED) due
  WHERE d.id = due.id RETURNING d.*;
$$;

-- Looked at, nothing new: look again later, or (null, only when the deposit is settled) never.
CREATE FUNCTION deposit_postpone(p_id text, p_state text, p_wake_after_ms integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE deposit d SET wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0), checked_at = now() WHERE d.id = p_id AND d.state = p_state;
  RETURN FOUND;
END $$;

-- True for one of many readers, once per p_stale_ms: that one asks the provider.
CREATE FUNCTION deposit_claim_check(p_id text, p_stale_ms integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE deposit d SET checked_at = now() WHERE d.id = p_id AND d.state = 'pending'
    AND (d.checked_at IS NULL OR d.checked_at < now() - make_interval(secs => p_stale_ms / 1000.0));
  RETURN FOUND;
END $$;

-- A webhook came that could not be checked: the poller looks at once.
CREATE FUNCTION deposit_wake(p_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE deposit d SET wake_at = now() WHERE d.id = p_id AND d.state NOT IN ('credited', 'refunded', 'disputed', 'created');
  RETURN FOUND;
END $$;

-- Asking twice for the same deposit gives the first invoice.
CREATE FUNCTION sandbox_invoice_create(p_deposit_id text, p_token text, p_amount bigint, p_return_url text, p_expires_in_s integer) RETURNS sandbox_invoice
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_invoice sandbox_invoice;
BEGIN
  INSERT INTO sandbox_invoice (deposit_id, token, amount, return_url, expires_at)
    VALUES (p_deposit_id, p_token, p_amount, p_return_url, now() + make_interval(secs => p_expires_in_s)) ON CONFLICT (deposit_id) DO NOTHING;
  SELECT * INTO v_invoice FROM sandbox_invoice s WHERE s.deposit_id = p_deposit_id;
  RETURN v_invoice;
END $$;

-- Null when there is no such invoice; else the invoice as it is afterwards, paid only if it was open and in time.
CREATE FUNCTION sandbox_invoice_pay(p_token text) RETURNS sandbox_invoice
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_invoice sandbox_invoice;
BEGIN
  UPDATE sandbox_invoice s SET state = 'paid', paid_at = now() WHERE s.token = p_token AND s.state = 'open' AND s.expires_at > now();
  SELECT * INTO v_invoice FROM sandbox_invoice s WHERE s.token = p_token;
  RETURN v_invoice;
END $$;

CREATE FUNCTION sandbox_invoice_cancel(p_deposit_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE sandbox_invoice s SET state = 'cancelled' WHERE s.deposit_id = p_deposit_id AND s.state = 'open';
  RETURN FOUND;
END $$;

-- ── least power ──────────────────────────────────────────────────────────────────────────────────────────────────
REVOKE ALL ON FUNCTION deposit_guard, deposit_begin, deposit_open, deposit_fail, deposit_credit, deposit_close, deposit_dispute, deposit_event, deposit_take_due,
  deposit_postpone, deposit_claim_check, deposit_wake, sandbox_invoice_create, sandbox_invoice_pay, sandbox_invoice_cancel FROM PUBLIC;
GRANT SELECT ON deposit, sandbox_invoice TO lumi_domains, lumi_vps, lumi_proxy;
GRANT EXECUTE ON FUNCTION deposit_begin, deposit_open, deposit_fail, deposit_credit, deposit_close, deposit_dispute, deposit_take_due,
  deposit_postpone, deposit_claim_check, deposit_wake, sandbox_invoice_create, sandbox_invoice_pay, sandbox_invoice_cancel TO lumi_domains, lumi_vps, lumi_proxy;
