-- Lifecycle: what happens to things by time alone (reminders, expiry, what follows it) and renewals that Lumi makes by itself.
-- Times of this file are the callers' clock (p_now), because the dates they are compared with come from suppliers, not from this database.

-- ── settings of auto-renew ───────────────────────────────────────────────────────────────────────────────────────
-- No row: on, without limits. The limits are the account's own, beside those of its keys: the key that switched auto-renew on may be
-- revoked by the time it acts.
CREATE TABLE auto_renew_settings (
  account_id    text NOT NULL REFERENCES account (id),
  product       text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  enabled       boolean NOT NULL DEFAULT true,
  daily_cap     bigint CHECK (daily_cap >= 0),
  monthly_cap   bigint CHECK (monthly_cap >= 0),
  max_price     bigint CHECK (max_price >= 0),
  priority      text NOT NULL DEFAULT 'soonest' CHECK (priority IN ('soonest', 'cheapest', 'dearest')),
  priority_tags text[] NOT NULL DEFAULT '{}',
  updated_at    timestamptz NOT NULL,
  PRIMARY KEY (account_id, product)
);

-- Renewals are counted as the daily spend of a lineage of their own, so that a release gives back what it took.
CREATE FUNCTION auto_renew_spent(p_account_id text, p_product text, OUT today bigint, OUT month bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  SELECT coalesce(sum(d.spent) FILTER (WHERE d.day = (now() AT TIME ZONE 'UTC')::date), 0)::bigint, coalesce(sum(d.spent), 0)::bigint FROM daily_spend d
    WHERE d.lineage_id = 'auto:' || p_product || ':' || p_account_id AND d.day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date;
$$;

-- Internal, called while the wallet row is locked.
CREATE FUNCTION auto_renew_allows(p_account_id text, p_product text, p_price bigint) RETURNS boolean
LANGUAGE sql SET search_path = platform, pg_temp AS $$
  SELECT coalesce((
    SELECT s.enabled AND (s.max_price IS NULL OR p_price <= s.max_price)
       AND (s.daily_cap IS NULL OR spent.today + p_price <= s.daily_cap) AND (s.monthly_cap IS NULL OR spent.month + p_price <= s.monthly_cap)
    FROM auto_renew_settings s, auto_renew_spent(p_account_id, p_product) spent WHERE s.account_id = p_account_id AND s.product = p_product), true);
$$;

-- Waits for a renewal that is being started, so that none begins under the old limits after this has returned.
CREATE FUNCTION auto_renew_configure(
  p_account_id text, p_product text, p_enabled boolean, p_daily_cap bigint, p_monthly_cap bigint, p_max_price bigint, p_priority text, p_priority_tags text[], p_now timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  PERFORM 1 FROM wallet WHERE account_id = p_account_id FOR NO KEY UPDATE;
  INSERT INTO auto_renew_settings (account_id, product, enabled, daily_cap, monthly_cap, max_price, priority, priority_tags, updated_at)
    VALUES (p_account_id, p_product, p_enabled, p_daily_cap, p_monthly_cap, p_max_price, p_priority, p_priority_tags, p_now)
    ON CONFLICT (account_id, product) DO UPDATE SET enabled = excluded.enabled, daily_cap = excluded.daily_cap, monthly_cap = excluded.monthly_cap, max_price = excluded.max_price,
      priority = excluded.priority, priority_tags = excluded.priority_tags, updated_at = excluded.updated_at;
END $$;

CREATE FUNCTION check_product_role(p_product text) RETURNS void LANGUAGE plpgsql SET search_path = platform, pg_temp AS $$
BEGIN
  -- The functions that call this run as the owner; whoever called them is the session's role.
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not act for product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;

-- ── what is due ──────────────────────────────────────────────────────────────────────────────────────────────────
-- One row for each thing that comes near its expiry. `term` is the expiry the steps belong to and `done` are the steps that were made for
-- it; a step is made by the statement that writes its name here, together with its event and the product's rows.
CREATE TABLE lifecycle (
  product       text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  noun          text NOT NULL,
  resource      text NOT NULL,
  account_id    text NOT NULL REFERENCES account (id),
  term          timestamptz NOT NULL,
  auto_renew    boolean NOT NULL,
  price         bigint,
  done          text[] NOT NULL DEFAULT '{}',
  wake_at       timestamptz,
  tries         integer NOT NULL DEFAULT 0,
  stuck_since   timestamptz,
  attempt       integer NOT NULL DEFAULT 1,
  renew_at      timestamptz,
  renew_round   integer NOT NULL DEFAULT 1,
  renew_problem text,
  parked_at     timestamptz,
  PRIMARY KEY (product, resource)
);
CREATE INDEX lifecycle_due ON lifecycle (product, noun, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX lifecycle_renewal_due ON lifecycle (product, noun, renew_at) WHERE renew_at IS NOT NULL;
CREATE INDEX lifecycle_account ON lifecycle (account_id, product);

-- Whose renewals are being made, by whom no longer than until lease_until: one worker at a time, so that the account's order of priority holds.
CREATE TABLE auto_renew_turn (
  product     text NOT NULL,
  noun        text NOT NULL,
  account_id  text NOT NULL REFERENCES account (id),
  lease_until timestamptz NOT NULL,
  attempt     integer NOT NULL DEFAULT 1,
  PRIMARY KEY (product, noun, account_id)
);

-- Things that came near their expiry, or changed since: they are looked at now. Another term starts anew; the same one goes on where it was.
-- The new attempt number fences whoever is working on it.
CREATE FUNCTION lifecycle_track(p_product text, p_noun text, p_rows jsonb, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM check_product_role(p_product);
  INSERT INTO lifecycle AS l (product, noun, resource, account_id, term, auto_renew, price, wake_at, renew_at)
    SELECT p_product, p_noun, r.id, r.account_id, r.expires_at, r.auto_renew, r.price, p_now, CASE WHEN r.auto_renew THEN p_now END
    FROM jsonb_to_recordset(p_rows) AS r(id text, account_id text, expires_at timestamptz, auto_renew boolean, price bigint) ORDER BY r.id
    ON CONFLICT (product, resource) DO UPDATE SET noun = excluded.noun, account_id = excluded.account_id, term = excluded.term, auto_renew = excluded.auto_renew, price = excluded.price,
      done = CASE WHEN l.term = excluded.term THEN l.done ELSE '{}' END, tries = CASE WHEN l.term = excluded.term THEN l.tries ELSE 0 END,
      stuck_since = CASE WHEN l.term = excluded.term THEN l.stuck_since END, attempt = l.attempt + 1, wake_at = excluded.wake_at, renew_at = excluded.renew_at,
      renew_round = CASE WHEN l.term = excluded.term THEN l.renew_round ELSE 1 END, renew_problem = CASE WHEN l.term = excluded.term THEN l.renew_problem END, parked_at = NULL;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- Things that are not near their expiry (any more), or over. What was done for the term is remembered: it may come back.
CREATE FUNCTION lifecycle_park(p_product text, p_resources text[], p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM check_product_role(p_product);
  UPDATE lifecycle l SET parked_at = p_now, wake_at = NULL, renew_at = NULL, attempt = l.attempt + 1
    FROM (SELECT resource FROM lifecycle WHERE product = p_product AND resource = ANY (p_resources) AND parked_at IS NULL ORDER BY resource FOR UPDATE) x
    WHERE l.product = p_product AND l.resource = x.resource;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  DELETE FROM lifecycle WHERE ctid IN (SELECT ctid FROM lifecycle WHERE product = p_product AND parked_at < p_now - interval '400 days' LIMIT 500);
  RETURN v_count;
END $$;

CREATE FUNCTION lifecycle_take(p_product text, p_noun text, p_now timestamptz, p_limit integer, p_lease_ms integer) RETURNS SETOF lifecycle
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  RETURN QUERY
    UPDATE lifecycle l SET attempt = l.attempt + 1, wake_at = p_now + make_interval(secs => p_lease_ms / 1000.0)
    FROM (SELECT d.resource FROM lifecycle d WHERE d.product = p_product AND d.noun = p_noun AND d.wake_at <= p_now ORDER BY d.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED) due
    WHERE l.product = p_product AND l.resource = due.resource RETURNING l.*;
END $$;

-- Makes a step, once. `p_holds` is the product's word, asked in the same statement, that the thing still is as the step was decided on.
-- The next step is looked for at once.
CREATE FUNCTION lifecycle_advance(p_product text, p_resource text, p_attempt integer, p_step text, p_holds boolean, p_now timestamptz, p_events jsonb, OUT advanced boolean, OUT account_id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  UPDATE lifecycle l SET done = array_append(l.done, p_step), tries = 0, stuck_since = NULL, wake_at = p_now
    WHERE p_holds AND l.product = p_product AND l.resource = p_resource AND l.attempt = p_attempt AND NOT p_step = ANY (l.done) RETURNING l.account_id INTO account_id;
  advanced := FOUND;
  IF advanced AND p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data)
      SELECT e.id, lifecycle_advance.account_id, p_product, e.type, e.subject, e.data FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
END $$;

-- Nothing to do before p_wake_at (never, if null); with p_has_failed the step was tried in vain.
CREATE FUNCTION lifecycle_sleep(p_product text, p_resource text, p_attempt integer, p_wake_at timestamptz, p_has_failed boolean, p_stuck_since timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  UPDATE lifecycle l SET wake_at = p_wake_at, tries = l.tries + p_has_failed::int, stuck_since = CASE WHEN p_has_failed THEN coalesce(l.stuck_since, p_stuck_since) ELSE l.stuck_since END
    WHERE l.product = p_product AND l.resource = p_resource AND l.attempt = p_attempt;
  RETURN FOUND;
END $$;

-- Accounts whose renewals are due; the caller has them until the lease ends.
CREATE FUNCTION auto_renew_take(p_product text, p_noun text, p_now timestamptz, p_limit integer, p_lease_ms integer) RETURNS SETOF auto_renew_turn
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  RETURN QUERY
    INSERT INTO auto_renew_turn AS t (product, noun, account_id, lease_until)
      SELECT p_product, p_noun, due.account_id, p_now + make_interval(secs => p_lease_ms / 1000.0) FROM (
        SELECT l.account_id FROM lifecycle l WHERE l.product = p_product AND l.noun = p_noun AND l.renew_at <= p_now
          AND NOT EXISTS (SELECT 1 FROM auto_renew_turn x WHERE x.product = p_product AND x.noun = p_noun AND x.account_id = l.account_id AND x.lease_until > p_now)
        GROUP BY l.account_id ORDER BY min(l.renew_at) LIMIT p_limit) due
      ORDER BY due.account_id
    ON CONFLICT (product, noun, account_id) DO UPDATE SET lease_until = excluded.lease_until, attempt = t.attempt + 1 WHERE t.lease_until <= p_now
    RETURNING t.*;
END $$;

CREATE FUNCTION auto_renew_give_back(p_product text, p_noun text, p_account_id text, p_attempt integer, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  UPDATE auto_renew_turn t SET lease_until = p_now WHERE t.product = p_product AND t.noun = p_noun AND t.account_id = p_account_id AND t.attempt = p_attempt;
END $$;

-- What came of trying to renew from p_term: when to try again (null: not), in which round, and why not. The events are written when the reason is another one than before.
CREATE FUNCTION auto_renew_note(p_product text, p_resource text, p_term timestamptz, p_renew_at timestamptz, p_round integer, p_problem text, p_events jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_before lifecycle%ROWTYPE;
BEGIN
  PERFORM check_product_role(p_product);
  SELECT * INTO v_before FROM lifecycle l WHERE l.product = p_product AND l.resource = p_resource AND l.term = p_term AND l.parked_at IS NULL FOR UPDATE;
  IF NOT FOUND OR v_before.renew_round > p_round THEN
    RETURN false;
  END IF;
  UPDATE lifecycle l SET renew_at = p_renew_at, renew_round = p_round, renew_problem = p_problem WHERE l.product = p_product AND l.resource = p_resource;
  IF p_problem IS NOT NULL AND p_problem IS DISTINCT FROM v_before.renew_problem AND p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data)
      SELECT e.id, v_before.account_id, p_product, e.type, e.subject, e.data FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
  RETURN true;
END $$;

-- ── renewals without a key ───────────────────────────────────────────────────────────────────────────────────────
-- The judge of "never twice from one expiry": key = <thing>@<expiry it is renewed from>#<round>, and a round follows only a released one.
CREATE UNIQUE INDEX orders_renewed_once ON orders (product, split_part(idem_key, '#', 1)) WHERE idem_scope = 'auto' AND state <> 'released';

-- The money step as before (see 20261124090000_platform), with one more way in: key_id `system`, for a renewal Lumi makes by itself. It is
-- good only with the claim scope `auto`, for the account it names, and within the account's own limits for such renewals.
CREATE OR REPLACE FUNCTION purchase_begin(
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
  INSERT INTO orders (id, account_id, product, kind, subject, item, price, state, lock_key, key_id, lineage_id, cap_day, idem_scope, idem_key,
                      batch_id, batch_item, reference, tags, metadata, request_id, wake_at)
    VALUES (p_order_id, p_account_id, p_product, p_kind, p_subject, p_item, p_price, 'acting', p_lock_key, p_key_id, p_lineage_id,
            CASE WHEN p_operator THEN NULL ELSE v_day END, p_idem_scope, p_idem_key,
            p_batch_id, p_batch_item, p_reference, coalesce(p_tags, '{}'), p_metadata, p_request_id, now() + make_interval(secs => p_wake_after_ms / 1000.0));
END $$;

REVOKE ALL ON FUNCTION auto_renew_spent, auto_renew_allows, auto_renew_configure, check_product_role, lifecycle_track, lifecycle_park, lifecycle_take, lifecycle_advance, lifecycle_sleep,
  auto_renew_take, auto_renew_give_back, auto_renew_note FROM PUBLIC;
GRANT SELECT ON auto_renew_settings, lifecycle TO lumi_domains, lumi_vps, lumi_proxy;
GRANT EXECUTE ON FUNCTION auto_renew_spent, auto_renew_configure, lifecycle_track, lifecycle_park, lifecycle_take, lifecycle_advance, lifecycle_sleep, auto_renew_take, auto_renew_give_back, auto_renew_note
  TO lumi_domains, lumi_vps, lumi_proxy;
