-- Least power, true: every function that works as the owner looks at who calls it; rows of one product are not to be seen by the role of another; keys are
-- written by functions alone; and what operators do for all products is done by a role of its own, lumi_admin.
--
-- The last of the migrations of its day, by its name: it completes functions as it finds them.

-- ── who calls ────────────────────────────────────────────────────────────────────────────────────────────────────
-- The role that logged in, or the one it has become by SET ROLE. Inside a function that works as the owner current_user is the owner; these two are not.
CREATE FUNCTION acts_for(p_product text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN current_setting('role') = 'none' THEN session_user = current_user OR session_user IN ('lumi_admin', 'lumi_' || p_product)
              ELSE current_setting('role') IN ('lumi_admin', 'lumi_' || p_product) END;
$$;

-- Of no product (null): only lumi_admin and the owner.
CREATE FUNCTION require_product(p_product text) RETURNS void LANGUAGE plpgsql STABLE SET search_path = platform, pg_temp AS $$
BEGIN
  IF acts_for(p_product) IS NOT TRUE THEN
    RAISE EXCEPTION 'role % may not act for product %', CASE WHEN current_setting('role') = 'none' THEN session_user ELSE current_setting('role') END, coalesce(p_product, 'none') USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
REVOKE ALL ON FUNCTION acts_for, require_product FROM PUBLIC;

-- ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION key_issue(
  p_id text, p_product text, p_type text, p_account_id text, p_lineage_id text, p_digest bytea, p_pepper_version integer, p_prefix text, p_scopes text[],
  p_daily_cap bigint, p_regular_per_minute integer, p_money_per_minute integer, p_ip_allowlist text[], p_signing text, p_signing_secret bytea, p_expires_at timestamptz
) RETURNS SETOF api_key LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  -- A cidr with bits to the right of its mask is refused; the caller means the network.
  RETURN QUERY
    INSERT INTO api_key (id, product, type, account_id, lineage_id, digest, pepper_version, prefix, scopes, daily_cap, regular_per_minute, money_per_minute,
                         ip_allowlist, signing, signing_secret, expires_at)
      VALUES (p_id, p_product, p_type, p_account_id, p_lineage_id, p_digest, p_pepper_version, p_prefix, p_scopes, p_daily_cap, p_regular_per_minute, p_money_per_minute,
              (SELECT coalesce(array_agg(network(block::inet)), '{}') FROM unnest(p_ip_allowlist) AS block), p_signing, p_signing_secret, p_expires_at)
      RETURNING *;
END $$;

-- No row: the key is not there, revoked, expired or already rolled.
CREATE FUNCTION key_roll(
  p_id text, p_new_id text, p_overlap_s integer, p_digest bytea, p_pepper_version integer, p_prefix text, p_signing_secret bytea, p_sets_expiry boolean, p_expires_at timestamptz
) RETURNS SETOF api_key LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_old api_key%ROWTYPE;
BEGIN
  SELECT * INTO v_old FROM api_key k
    WHERE k.id = p_id AND acts_for(k.product) AND k.revoked_at IS NULL AND k.replaced_by IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE api_key k SET replaced_by = p_new_id, expires_at = least(k.expires_at, now() + make_interval(secs => p_overlap_s)) WHERE k.id = p_id;
  RETURN QUERY
    INSERT INTO api_key (id, product, type, account_id, lineage_id, digest, pepper_version, prefix, scopes, daily_cap, regular_per_minute, money_per_minute,
                         ip_allowlist, signing, signing_secret, expires_at)
      VALUES (p_new_id, v_old.product, v_old.type, v_old.account_id, v_old.lineage_id, p_digest, p_pepper_version, p_prefix, v_old.scopes, v_old.daily_cap, v_old.regular_per_minute,
              v_old.money_per_minute, v_old.ip_allowlist, v_old.signing, CASE WHEN v_old.signing = 'none' THEN NULL ELSE p_signing_secret END,
              CASE WHEN p_sets_expiry THEN p_expires_at ELSE v_old.expires_at END)
      RETURNING *;
END $$;

-- Revoking twice keeps the first time.
CREATE FUNCTION key_revoke(p_id text) RETURNS SETOF api_key LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  RETURN QUERY UPDATE api_key k SET revoked_at = coalesce(k.revoked_at, now()) WHERE k.id = p_id AND acts_for(k.product) RETURNING k.*;
END $$;
REVOKE ALL ON FUNCTION key_issue, key_roll, key_revoke FROM PUBLIC;

-- ── deposits ─────────────────────────────────────────────────────────────────────────────────────────────────────
-- A payment provider knows one address of ours for all products. Whoever gets a message about a payment that is another product's leaves it here; that
-- product's worker looks at its next round.
CREATE TABLE payment_hint (
  provider            text NOT NULL,
  provider_invoice_id text NOT NULL,
  deposit_id          text,
  created_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (provider, provider_invoice_id)
);
GRANT INSERT ON payment_hint TO lumi_domains, lumi_vps, lumi_proxy;

-- The poller takes what is due of the caller's product and nobody else gets it until the lease is over.
CREATE OR REPLACE FUNCTION deposit_take_due(p_limit integer, p_lease_ms integer) RETURNS SETOF deposit
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM payment_hint) THEN
    WITH told AS (
      DELETE FROM payment_hint h USING deposit d
        WHERE d.provider = h.provider AND (d.provider_invoice_id = h.provider_invoice_id OR d.id = h.deposit_id) AND acts_for(d.product) RETURNING d.id)
    UPDATE deposit d SET wake_at = now() FROM told WHERE d.id = told.id AND d.state NOT IN ('credited', 'refunded', 'disputed');
    DELETE FROM payment_hint WHERE created_at < now() - interval '1 hour'; -- of no deposit of ours
  END IF;
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT w.id FROM deposit w WHERE w.wake_at <= now() AND acts_for(w.product) ORDER BY w.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE deposit d SET wake_at = now() + make_interval(secs => p_lease_ms / 1000.0) FROM due WHERE d.id = due.id RETURNING d.*;
END $$;

CREATE OR REPLACE FUNCTION sandbox_invoice_create(p_deposit_id text, p_token text, p_amount bigint, p_return_url text, p_expires_in_s integer) RETURNS sandbox_invoice
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_invoice sandbox_invoice;
BEGIN
  PERFORM require_product((SELECT d.product FROM deposit d WHERE d.id = p_deposit_id));
  INSERT INTO sandbox_invoice (deposit_id, token, amount, return_url, expires_at)
    VALUES (p_deposit_id, p_token, p_amount, p_return_url, now() + make_interval(secs => p_expires_in_s)) ON CONFLICT (deposit_id) DO NOTHING;
  SELECT * INTO v_invoice FROM sandbox_invoice s WHERE s.deposit_id = p_deposit_id;
  RETURN v_invoice;
END $$;

CREATE OR REPLACE FUNCTION sandbox_invoice_pay(p_token text) RETURNS sandbox_invoice
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_invoice sandbox_invoice;
BEGIN
  SELECT s.* INTO v_invoice FROM sandbox_invoice s JOIN deposit d ON d.id = s.deposit_id WHERE s.token = p_token AND acts_for(d.product);
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE sandbox_invoice s SET state = 'paid', paid_at = now() WHERE s.token = p_token AND s.state = 'open' AND s.expires_at > now();
  SELECT * INTO v_invoice FROM sandbox_invoice s WHERE s.token = p_token;
  RETURN v_invoice;
END $$;

CREATE OR REPLACE FUNCTION sandbox_invoice_cancel(p_deposit_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE sandbox_invoice s SET state = 'cancelled' FROM deposit d WHERE s.deposit_id = p_deposit_id AND s.state = 'open' AND d.id = s.deposit_id AND acts_for(d.product);
  RETURN FOUND;
END $$;

-- ── what forgets ─────────────────────────────────────────────────────────────────────────────────────────────────
CREATE OR REPLACE FUNCTION forget_claims(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  DELETE FROM idempotency WHERE ctid IN (SELECT ctid FROM idempotency WHERE state = 'done' AND done_at < now() - interval '30 days' AND acts_for(product) LIMIT p_limit);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- ── reconciliation ───────────────────────────────────────────────────────────────────────────────────────────────
-- The books are lumi_admin's. A product has its own scope, and that of its deposits.
CREATE OR REPLACE FUNCTION check_scope_role(p_scope text) RETURNS void LANGUAGE plpgsql SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(CASE WHEN p_scope <> 'books' THEN regexp_replace(p_scope, '^deposits-', '') END);
END $$;
UPDATE breach SET cleared_at = now() WHERE scope = 'deposits' AND cleared_at IS NULL;
DELETE FROM reconciliation WHERE scope = 'deposits';

-- ── the other functions, as they are now ─────────────────────────────────────────────────────────────────────────
CREATE OR REPLACE FUNCTION assert_product(p_product text) RETURNS void LANGUAGE sql STABLE SET search_path = platform, pg_temp AS $$ SELECT require_product(p_product) $$;
CREATE OR REPLACE FUNCTION check_product_role(p_product text) RETURNS void LANGUAGE sql STABLE SET search_path = platform, pg_temp AS $$ SELECT require_product(p_product) $$;

DO $complete$
DECLARE
  v_function record;
  v_text text;
  v_body text;
BEGIN
  FOR v_function IN
    SELECT p.oid, p.proname AS name, p.prosrc AS body, l.lanname AS language, 'p_product' = ANY (p.proargnames) AS has_product
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'platform'::regnamespace AND p.prosecdef AND p.prorettype <> 'trigger'::regtype
  LOOP
    -- The check that stood in many functions, and the one that stood in conditions.
    v_body := regexp_replace(v_function.body, $old$IF session_user <> 'lumi_' \|\| p_product AND session_user <> current_user THEN\s+RAISE EXCEPTION [^;]+;\s+END IF;$old$, 'PERFORM require_product(p_product);');
    v_body := regexp_replace(v_body, $old$\(session_user = 'lumi_' \|\| (\w+)\.product OR session_user = current_user\)$old$, 'acts_for(\1.product)', 'g');
    -- A deposit is known by its id alone: the row says whose it is.
    IF v_function.name LIKE 'deposit\_%' AND NOT v_function.has_product THEN
      v_body := replace(v_body, 'd.id = p_id AND d.', 'd.id = p_id AND acts_for(d.product) AND d.');
    END IF;
    IF v_function.name = 'forget_quotes' THEN
      v_body := replace(v_body, 'expires_at < least(p_before, now())', 'expires_at < least(p_before, now()) AND acts_for(product)');
    END IF;
    -- A key pays for its own account and from its own cap, an operator's for any account: not only because the caller says so.
    IF v_function.name IN ('purchase_begin', 'deposit_begin') THEN
      v_body := replace(v_body, 'k.id = p_key_id AND k.product = p_product AND', 'k.id = p_key_id AND k.product = p_product AND k.lineage_id = p_lineage_id AND (k.type = ''operator'') = p_operator AND (p_operator OR k.account_id = p_account_id) AND');
      IF v_body !~ 'k\.lineage_id = p_lineage_id' THEN
        RAISE EXCEPTION '% does not read the key as it did', v_function.name;
      END IF;
    END IF;
    -- What names a product and asks nobody.
    IF v_function.has_product AND v_body !~ '(require_product|assert_product|check_product_role)\(p_product\)' THEN
      v_body := CASE WHEN v_function.language = 'sql' THEN E'\n  SELECT require_product(p_product);' || v_body ELSE regexp_replace(v_body, E'\\mBEGIN\\M', E'BEGIN\n  PERFORM require_product(p_product);') END;
    END IF;
    IF v_body ~ 'session_user' THEN
      RAISE EXCEPTION '% asks session_user by itself', v_function.name;
    END IF;
    IF v_body <> v_function.body THEN
      EXECUTE replace(pg_get_functiondef(v_function.oid), v_function.body, v_body);
    END IF;
  END LOOP;
END $complete$;

-- Whoever buys for an item, and whoever ends one, does so for the product of its batch.
CREATE OR REPLACE FUNCTION batch_item_ordered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE batch_item i SET order_id = NEW.id
    WHERE i.batch_id = NEW.batch_id AND i.item = NEW.batch_item AND i.state = 'running' AND i.order_id IS NULL AND i.attempt = split_part(NEW.idem_key, '/', 3)::integer
      AND EXISTS (SELECT 1 FROM batch b WHERE b.id = NEW.batch_id AND b.product = NEW.product);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'an order of a lost attempt violates constraint "batch_item_fence"' USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_item_fence';
  END IF;
  UPDATE batch SET spent = spent + NEW.price WHERE id = NEW.batch_id AND max_total IS NOT NULL;
  RETURN NEW;
END $$;

DO $settled$
DECLARE
  v_body text;
BEGIN
  SELECT prosrc INTO v_body FROM pg_proc WHERE oid = 'platform.batch_item_settled'::regproc;
  IF position('i.order_id = NEW.subject AND' IN v_body) = 0 THEN
    RAISE EXCEPTION 'batch_item_settled does not look for its item as it did';
  END IF;
  EXECUTE replace(pg_get_functiondef('platform.batch_item_settled'::regproc), 'i.order_id = NEW.subject AND',
                  'i.order_id = NEW.subject AND EXISTS (SELECT 1 FROM batch b WHERE b.id = i.batch_id AND b.product = NEW.product) AND');
END $settled$;

-- ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────
-- Constants, so that the planner sees `product = 'proxy'`. Functions work as the owner, whom policies do not concern: they look at the caller instead.
DO $policies$
DECLARE
  v_table text;
  v_product text;
  v_own text;
BEGIN
  FOR v_table, v_own IN
    VALUES ('orders', 'product = %L'), ('idempotency', 'product = %L'), ('event', 'product = %L'), ('deposit', 'product = %L'), ('operation', 'product = %L'), ('operation_secret', 'product = %L'),
           ('outbox', 'product = %L'), ('batch', 'product = %L'), ('quote', 'product = %L'), ('auto_renew_settings', 'product = %L'), ('api_key', 'product = %L'), ('auto_renew_turn', 'product = %L'),
           ('batch_item', 'EXISTS (SELECT 1 FROM platform.batch b WHERE b.id = batch_id AND b.product = %L)'),
           ('quote_line', 'EXISTS (SELECT 1 FROM platform.quote q WHERE q.id = quote_id AND q.product = %L)'),
           ('quote_use', 'EXISTS (SELECT 1 FROM platform.quote q WHERE q.id = quote_id AND q.product = %L)'),
           ('sandbox_invoice', 'EXISTS (SELECT 1 FROM platform.deposit d WHERE d.id = deposit_id AND d.product = %L)'),
           ('breach', 'scope IN (''books'', %1$L, ''deposits-'' || %1$L)'), ('reconciliation', 'scope IN (''books'', %1$L, ''deposits-'' || %1$L)')
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY admin_reads ON %I FOR SELECT TO lumi_admin USING (true)', v_table);
    FOREACH v_product IN ARRAY ARRAY['domains', 'vps', 'proxy'] LOOP
      -- Lines of a quote are inserted by the statement that inserts the quote, which a policy cannot see yet; a trigger looks afterwards.
      EXECUTE format('CREATE POLICY %I ON %I TO %I USING (%s)%s', 'own_' || v_product, v_table, 'lumi_' || v_product, format(v_own, v_product),
                     CASE WHEN v_table IN ('quote_line', 'quote_use') THEN ' WITH CHECK (true)' ELSE '' END);
    END LOOP;
  END LOOP;
END $policies$;
CREATE POLICY gateway_reads ON api_key FOR SELECT TO lumi_gateway USING (true);

-- A line of another product's quote would be a price that its seller never named.
CREATE FUNCTION quote_line_own() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added a JOIN quote q ON q.id = a.quote_id WHERE acts_for(q.product) IS NOT TRUE) THEN
    RAISE EXCEPTION 'a line of another product''s quote' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION quote_line_own FROM PUBLIC;
CREATE TRIGGER quote_line_own AFTER INSERT ON quote_line REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION quote_line_own();
CREATE TRIGGER quote_use_own AFTER INSERT ON quote_use REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION quote_line_own();

-- ── grants ───────────────────────────────────────────────────────────────────────────────────────────────────────
REVOKE ALL ON api_key FROM lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT (id, product, account_id, type, lineage_id, prefix, scopes, daily_cap, regular_per_minute, money_per_minute, ip_allowlist, signing, created_at, expires_at, revoked_at, replaced_by,
              last_used_at, generation) ON api_key TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
REVOKE EXECUTE ON FUNCTION create_account, adjust FROM lumi_domains, lumi_vps, lumi_proxy;
GRANT USAGE ON SCHEMA platform TO lumi_admin;
GRANT EXECUTE ON FUNCTION create_account, adjust, key_issue, key_roll, key_revoke, claim, finish_claim, reconciliation_take, reconciliation_report, auto_renew_spent TO lumi_admin;
GRANT SELECT ON account, wallet, transfer, entry, daily_spend, idempotency, orders, event, deposit, operation, batch, batch_item, quote, quote_line, quote_use, auto_renew_settings, lifecycle,
  breach, reconciliation TO lumi_admin;
