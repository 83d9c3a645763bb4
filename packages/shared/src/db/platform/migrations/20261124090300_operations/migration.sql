-- Operations: work on an object that moves no money (a reboot, a suspension). Like an order, a row is the record of what was asked of
-- the supplier and the wake-up of the recovery worker; work that costs money is an order and needs no row here.
CREATE TABLE operation (
  seq          bigint NOT NULL UNIQUE DEFAULT nextval('orders_seq_seq'), -- one count with orders: both are listed together
  id           text PRIMARY KEY,
  account_id   text NOT NULL REFERENCES account (id),
  product      text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  kind         text NOT NULL,
  subject      text NOT NULL,
  item         jsonb NOT NULL,
  state        text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  progress     integer NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
  waiting_for  text CHECK (waiting_for IN ('supplier', 'customer', 'operator')),
  supplier_ref text,
  result       jsonb,
  error_code   text,
  error_text   text,
  lock_key     text,
  key_id       text,
  request_id   text NOT NULL,
  attempt      integer NOT NULL DEFAULT 1,
  wake_at      timestamptz,
  stuck_since  timestamptz,
  created_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz,
  CHECK ((state = 'running') = (finished_at IS NULL)),
  CHECK ((state = 'running') = (wake_at IS NOT NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL))
);
-- One running operation per object.
CREATE UNIQUE INDEX operation_one_running ON operation (product, lock_key) WHERE state = 'running' AND lock_key IS NOT NULL;
CREATE INDEX operation_due ON operation (product, wake_at) WHERE state = 'running';
CREATE INDEX operation_account ON operation (account_id, product, seq DESC);
CREATE INDEX operation_subject ON operation (subject, seq DESC);

-- What an operation (or an order, under its operation id) made that is shown once: a root password. Sealed under the services' key ring;
-- the row is gone a minute after it was shown, and after a week unread.
CREATE TABLE operation_secret (
  operation_id text PRIMARY KEY,
  account_id   text NOT NULL REFERENCES account (id),
  product      text NOT NULL,
  sealed       bytea NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  taken_at     timestamptz,
  taken_by     text
);
CREATE INDEX operation_secret_age ON operation_secret (created_at);

-- Outcomes: started | busy.
CREATE FUNCTION operation_start(
  p_id text, p_account_id text, p_product text, p_kind text, p_subject text, p_item jsonb, p_lock_key text, p_key_id text, p_request_id text, p_wake_after_ms integer,
  OUT outcome text, OUT other_operation text, OUT created_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not start operations of product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF p_lock_key IS NOT NULL THEN
    SELECT CASE WHEN o.account_id = p_account_id THEN o.id END INTO other_operation FROM operation o
      WHERE o.product = p_product AND o.lock_key = p_lock_key AND o.state = 'running';
    IF FOUND THEN
      outcome := 'busy';
      RETURN;
    END IF;
  END IF;
  INSERT INTO operation (id, account_id, product, kind, subject, item, state, lock_key, key_id, request_id, wake_at)
    VALUES (p_id, p_account_id, p_product, p_kind, p_subject, p_item, 'running', p_lock_key, p_key_id, p_request_id, now() + make_interval(secs => p_wake_after_ms / 1000.0));
  outcome := 'started';
  created_at := now();
END $$;

-- Done (p_error_code null) or failed, with the events, in the statement that writes the product's own rows. A caller whose attempt is
-- not the current one is fenced: finished = false and nothing changed.
CREATE FUNCTION operation_finish(
  p_id text, p_attempt integer, p_result jsonb, p_error_code text, p_error_text text, p_supplier_ref text, p_finished_at timestamptz, p_events jsonb,
  OUT finished boolean, OUT account_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_operation operation%ROWTYPE;
BEGIN
  UPDATE operation o SET
      state = CASE WHEN p_error_code IS NULL THEN 'done' ELSE 'failed' END, progress = CASE WHEN p_error_code IS NULL THEN 100 ELSE o.progress END,
      result = p_result, error_code = p_error_code, error_text = p_error_text, supplier_ref = coalesce(p_supplier_ref, o.supplier_ref),
      waiting_for = NULL, wake_at = NULL, stuck_since = NULL, finished_at = p_finished_at
    WHERE o.id = p_id AND o.attempt = p_attempt AND o.state = 'running' AND (session_user = 'lumi_' || o.product OR session_user = current_user)
    RETURNING o.* INTO v_operation;
  finished := FOUND;
  IF NOT finished THEN
    RETURN;
  END IF;
  account_id := v_operation.account_id;
  IF p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data)
      SELECT e.id, v_operation.account_id, v_operation.product, e.type, e.subject, e.data
      FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
END $$;

-- The supplier works on it, or nobody knows: somebody looks again at wake_at.
CREATE FUNCTION operation_postpone(p_id text, p_attempt integer, p_supplier_ref text, p_progress integer, p_wake_after_ms integer, p_stuck boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE operation o SET supplier_ref = coalesce(p_supplier_ref, o.supplier_ref), progress = greatest(o.progress, least(coalesce(p_progress, 0), 99)),
      waiting_for = CASE WHEN p_stuck THEN 'operator' ELSE 'supplier' END, wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0),
      stuck_since = CASE WHEN p_stuck THEN coalesce(o.stuck_since, now()) ELSE o.stuck_since END
    WHERE o.id = p_id AND o.attempt = p_attempt AND o.state = 'running' AND (session_user = 'lumi_' || o.product OR session_user = current_user);
  RETURN FOUND;
END $$;

CREATE FUNCTION operation_take_over(p_product text, p_limit integer, p_lease_ms integer) RETURNS SETOF operation
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not recover operations of product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
    UPDATE operation o SET attempt = o.attempt + 1, wake_at = now() + make_interval(secs => p_lease_ms / 1000.0)
    FROM (SELECT d.id FROM operation d WHERE d.product = p_product AND d.state = 'running' AND d.wake_at <= now()
          ORDER BY d.wake_at LIMIT p_limit FOR UPDATE SKIP LOCKED) due
    WHERE o.id = due.id RETURNING o.*;
END $$;

-- Gives a secret out once. The same request may have it again for a minute: the gateway repeats a read whose connection broke.
CREATE FUNCTION operation_secret_take(p_operation_id text, p_account_id text, p_product text, p_request_id text) RETURNS bytea
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  UPDATE operation_secret s SET taken_at = coalesce(s.taken_at, now()), taken_by = p_request_id
    WHERE s.operation_id = p_operation_id AND s.account_id = p_account_id AND s.product = p_product AND (s.taken_by IS NULL OR s.taken_by = p_request_id)
    RETURNING s.sealed;
$$;

CREATE FUNCTION operation_secret_forget(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  DELETE FROM operation_secret WHERE ctid IN (
    SELECT ctid FROM operation_secret WHERE taken_at < now() - interval '1 minute' OR created_at < now() - interval '7 days' LIMIT p_limit);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- Events that belong to no purchase and no operation: an object expired, a reminder is due.
CREATE FUNCTION emit_events(p_account_id text, p_product text, p_events jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not write events of product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO event (id, account_id, product, type, subject, data)
    SELECT e.id, p_account_id, p_product, e.type, e.subject, e.data FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
END $$;

REVOKE ALL ON FUNCTION operation_start, operation_finish, operation_postpone, operation_take_over, operation_secret_take, operation_secret_forget, emit_events FROM PUBLIC;
GRANT SELECT ON operation TO lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT, INSERT (operation_id, account_id, product, sealed) ON operation_secret TO lumi_domains, lumi_vps, lumi_proxy;
GRANT EXECUTE ON FUNCTION operation_start, operation_finish, operation_postpone, operation_take_over, operation_secret_take, operation_secret_forget, emit_events
  TO lumi_domains, lumi_vps, lumi_proxy;
