-- Outbox and batches. The truth about background work is in these rows; the queue carries wake-ups, and losing every one of them costs time only.
-- Lock order, continuing the platform's: wallet → idempotency → batch_item → batch → event. Functions that start with the batch row take items
-- with SKIP LOCKED or only such that nobody else may lock.

CREATE FUNCTION assert_product(p_product text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not work for product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;

-- ── outbox ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- A job to be handed to the queue, written by the transaction that makes it necessary. The row is deleted once the queue has it.
CREATE TABLE outbox (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  product     text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  name        text NOT NULL,
  payload     jsonb NOT NULL,
  -- While a job under this name waits in the queue, another one is not needed.
  once        text,
  taken_until timestamptz,
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_product ON outbox (product, id);

CREATE FUNCTION outbox_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF session_user IN ('lumi_gateway', 'lumi_domains', 'lumi_vps', 'lumi_proxy') AND session_user <> 'lumi_' || NEW.product THEN
    RAISE EXCEPTION 'role % may not stage jobs of product %', session_user, NEW.product USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER outbox_own BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_own();

CREATE FUNCTION outbox_take(p_product text, p_limit integer, p_lease_ms integer) RETURNS SETOF outbox
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  RETURN QUERY
    UPDATE outbox o SET taken_until = now() + make_interval(secs => p_lease_ms / 1000.0)
    FROM (SELECT d.id FROM outbox d WHERE d.product = p_product AND (d.taken_until IS NULL OR d.taken_until < now()) ORDER BY d.id LIMIT p_limit FOR UPDATE SKIP LOCKED) due
    WHERE o.id = due.id RETURNING o.*;
END $$;

CREATE FUNCTION outbox_done(p_product text, p_ids bigint[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM assert_product(p_product);
  DELETE FROM outbox WHERE product = p_product AND id = ANY (p_ids);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- ── batches ──────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE batch (
  seq         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  id          text PRIMARY KEY,
  account_id  text NOT NULL REFERENCES account (id),
  product     text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  -- The operation id of the bulk endpoint: which code buys its items.
  kind        text NOT NULL,
  -- inline: the caller waits for the results, and its claim ends with them. queued: the caller got 202.
  form        text NOT NULL CHECK (form IN ('inline', 'queued')),
  state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'cancelling', 'completed', 'cancelled')),
  total       integer NOT NULL CHECK (total BETWEEN 1 AND 500),
  ok          integer,
  failed      integer,
  on_error    text NOT NULL CHECK (on_error IN ('continue', 'stop')),
  max_total   bigint CHECK (max_total >= 0),
  -- Held and captured by orders of this batch; kept only where there is a max_total.
  spent       bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
  -- How often its failed items were tried again, plus one.
  round       integer NOT NULL DEFAULT 1,
  key_id      text NOT NULL,
  lineage_id  text NOT NULL,
  is_operator boolean NOT NULL,
  idem_scope  text NOT NULL,
  idem_key    text NOT NULL,
  request_id  text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  started_at  timestamptz,
  touched_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CONSTRAINT batch_max_total CHECK (max_total IS NULL OR spent <= max_total),
  CHECK ((state IN ('completed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK ((finished_at IS NULL) = (ok IS NULL) AND (finished_at IS NULL) = (failed IS NULL)),
  CHECK (ok + failed = total)
);
CREATE INDEX batch_account ON batch (account_id, product, seq DESC);
CREATE INDEX batch_open ON batch (product, account_id, touched_at) WHERE finished_at IS NULL;

-- waiting → running (leased to one worker) → ok | failed; pending: its order exists and is for the recovery worker to settle.
CREATE TABLE batch_item (
  batch_id    text NOT NULL REFERENCES batch (id),
  item        integer NOT NULL CHECK (item BETWEEN 0 AND 499),
  ref         text NOT NULL,
  input       jsonb NOT NULL,
  -- Repeats this earlier item and is therefore never executed.
  twin_of     integer,
  state       text NOT NULL CHECK (state IN ('waiting', 'running', 'pending', 'ok', 'failed')),
  round       integer NOT NULL DEFAULT 1,
  -- Fencing token: an order for this item is accepted only from the holder of the current attempt.
  attempt     integer NOT NULL DEFAULT 0,
  lease_until timestamptz,
  order_id    text,
  -- The answer of its purchase, byte for byte.
  result      text,
  error_code  text,
  error_text  text,
  error_details jsonb,
  settled_at  timestamptz,
  PRIMARY KEY (batch_id, item),
  CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CHECK ((state IN ('ok', 'failed')) = (settled_at IS NOT NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL)),
  CHECK ((state = 'ok') = (result IS NOT NULL)),
  CHECK (state <> 'ok' OR order_id IS NOT NULL),
  CHECK (state <> 'pending' OR order_id IS NOT NULL)
);

CREATE FUNCTION batch_wake(p_product text, p_account_id text) RETURNS void LANGUAGE sql SET search_path = platform, pg_temp AS $$
  INSERT INTO outbox (product, name, payload, once) VALUES (p_product, 'advance-batches', jsonb_build_object('account_id', p_account_id), 'lane-' || p_account_id);
$$;

-- What refuses a whole bulk: a bad key, a cap that is reached, no money at all. Null: nothing does.
CREATE FUNCTION batch_gate(p_account_id text, p_product text, p_key_id text, p_lineage_id text, p_operator boolean, p_default_cap bigint) RETURNS text
LANGUAGE plpgsql SET search_path = platform, pg_temp AS $$
DECLARE
  v_cap bigint;
  v_available bigint;
BEGIN
  SELECT coalesce(k.daily_cap, p_default_cap) INTO v_cap FROM api_key k
    WHERE k.id = p_key_id AND k.product = p_product AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
  IF NOT FOUND THEN
    RETURN 'invalid_key';
  END IF;
  SELECT w.posted - w.held INTO v_available FROM wallet w WHERE w.account_id = p_account_id;
  IF NOT FOUND THEN
    RETURN 'no_account';
  END IF;
  IF NOT p_operator AND v_cap IS NOT NULL
     AND coalesce((SELECT d.spent FROM daily_spend d WHERE d.lineage_id = p_lineage_id AND d.day = (now() AT TIME ZONE 'UTC')::date), 0) >= v_cap THEN
    RETURN 'cap';
  END IF;
  RETURN CASE WHEN v_available <= 0 THEN 'balance' END;
END $$;

-- Key re-read, claim, batch, items and wake-up in one statement. A queued batch's answer (202) is stored at once; an inline one's when it is
-- finished, by whoever finishes it. Outcomes: created | replay | in_progress | reused | invalid_key | no_account | cap | balance.
CREATE FUNCTION batch_create(
  p_batch_id text, p_account_id text, p_product text, p_kind text, p_form text, p_on_error text, p_max_total bigint,
  p_key_id text, p_lineage_id text, p_operator boolean, p_default_cap bigint,
  p_idem_scope text, p_idem_key text, p_fingerprint bytea, p_request_id text, p_items jsonb, p_status integer, p_body bytea, p_location text,
  OUT outcome text, OUT status integer, OUT body bytea, OUT location text, OUT first_request_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_claim idempotency%ROWTYPE;
  v_gate text;
BEGIN
  PERFORM assert_product(p_product);
  v_gate := batch_gate(p_account_id, p_product, p_key_id, p_lineage_id, p_operator, p_default_cap);
  IF v_gate IN ('invalid_key', 'no_account') THEN
    outcome := v_gate;
    RETURN;
  END IF;
  -- A repeat is answered before any money rule is asked again; a refusal is not remembered.
  IF v_gate IS NULL THEN
    INSERT INTO idempotency (scope, product, key, fingerprint, state, subject, request_id)
      VALUES (p_idem_scope, p_product, p_idem_key, p_fingerprint, 'claimed', p_batch_id, p_request_id) ON CONFLICT DO NOTHING;
    outcome := CASE WHEN FOUND THEN 'created' END;
  END IF;
  IF outcome IS NULL THEN
    SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_idem_scope AND i.product = p_product AND i.key = p_idem_key;
    IF NOT FOUND THEN
      outcome := coalesce(v_gate, 'in_progress');
      RETURN;
    END IF;
    outcome := CASE WHEN v_claim.fingerprint IS DISTINCT FROM p_fingerprint THEN 'reused' WHEN v_claim.state = 'done' THEN 'replay' ELSE 'in_progress' END;
    IF outcome = 'replay' THEN
      status := v_claim.status; body := v_claim.body; location := v_claim.location; first_request_id := v_claim.request_id;
    END IF;
    RETURN;
  END IF;

  -- Nothing below may refuse.
  INSERT INTO batch (id, account_id, product, kind, form, total, on_error, max_total, key_id, lineage_id, is_operator, idem_scope, idem_key, request_id)
    VALUES (p_batch_id, p_account_id, p_product, p_kind, p_form, jsonb_array_length(p_items), p_on_error, p_max_total, p_key_id, p_lineage_id, p_operator, p_idem_scope, p_idem_key, p_request_id);
  INSERT INTO batch_item (batch_id, item, ref, input, twin_of, state, error_code, error_text, error_details, settled_at)
    SELECT p_batch_id, (n - 1)::integer, e.value->>'ref', e.value->'input', (e.value->>'twin_of')::integer,
           CASE WHEN e.value->>'code' IS NULL THEN 'waiting' ELSE 'failed' END, e.value->>'code', e.value->>'text', e.value->'details',
           CASE WHEN e.value->>'code' IS NOT NULL THEN now() END
    FROM jsonb_array_elements(p_items) WITH ORDINALITY AS e(value, n);
  IF p_form = 'queued' THEN
    PERFORM batch_wake(p_product, p_account_id);
    PERFORM finish_claim(p_idem_scope, p_product, p_idem_key, p_status, p_body, p_location);
  END IF;
END $$;

-- An order for an item of a batch is accepted only from the worker that holds the item now; the claim's key ends with its attempt.
CREATE FUNCTION batch_item_ordered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE batch_item SET order_id = NEW.id
    WHERE batch_id = NEW.batch_id AND item = NEW.batch_item AND state = 'running' AND order_id IS NULL AND attempt = split_part(NEW.idem_key, '/', 3)::integer;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'an order of a lost attempt violates constraint "batch_item_fence"' USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_item_fence';
  END IF;
  UPDATE batch SET spent = spent + NEW.price WHERE id = NEW.batch_id AND max_total IS NOT NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER batch_item_ordered BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.batch_id IS NOT NULL) EXECUTE FUNCTION batch_item_ordered();

-- The end of an item's order is the end of the item, in the same transaction, whoever settled it: the worker, recovery, an operator.
CREATE FUNCTION batch_item_settled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_item batch_item%ROWTYPE;
  v_error jsonb;
BEGIN
  SELECT i.* INTO v_item FROM batch_item i
    WHERE i.batch_id = split_part(NEW.key, '/', 1) AND i.item = split_part(NEW.key, '/', 2)::integer AND i.order_id = NEW.subject AND i.state IN ('running', 'pending') FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF NEW.status >= 400 THEN
    v_error := convert_from(NEW.body, 'UTF8')::jsonb->'error';
  END IF;
  UPDATE batch_item i SET state = CASE WHEN v_error IS NULL THEN 'ok' ELSE 'failed' END, lease_until = NULL, settled_at = NEW.done_at,
      result = CASE WHEN v_error IS NULL THEN convert_from(NEW.body, 'UTF8') END,
      error_code = v_error->>'code', error_text = v_error->>'message', error_details = v_error->'details'
    WHERE i.batch_id = v_item.batch_id AND i.item = v_item.item;
  UPDATE batch b SET spent = b.spent - (SELECT o.price - coalesce(o.charged, 0) FROM orders o WHERE o.id = NEW.subject) WHERE b.id = v_item.batch_id AND b.max_total IS NOT NULL;
  -- Nobody waits for a pending item: somebody must see whether the batch is finished or may go on.
  IF v_item.state = 'pending' THEN
    PERFORM batch_wake(b.product, b.account_id) FROM batch b WHERE b.id = v_item.batch_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER batch_item_settled AFTER UPDATE OF state ON idempotency FOR EACH ROW
  WHEN (NEW.scope = 'batch' AND NEW.state = 'done' AND OLD.state = 'claimed') EXECUTE FUNCTION batch_item_settled();

-- Leases the next items of a batch. With on_error 'stop' or a max_total the items are taken one worker after the other, in their order.
CREATE FUNCTION batch_take(p_product text, p_batch_id text, p_limit integer, p_lease_ms integer)
RETURNS TABLE (item integer, ref text, input jsonb, attempt integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_batch batch%ROWTYPE;
  v_next integer;
  v_skip text;
BEGIN
  PERFORM assert_product(p_product);
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND b.finished_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE batch b SET touched_at = now(), started_at = coalesce(b.started_at, now()), state = CASE WHEN b.state = 'queued' THEN 'running' ELSE b.state END WHERE b.id = p_batch_id;
  -- Whoever held these is gone. Where an order was made, recovery settles it and the item with it; elsewhere nothing happened yet.
  UPDATE batch_item i SET state = CASE WHEN i.order_id IS NULL THEN 'waiting' ELSE 'pending' END, lease_until = NULL
    FROM (SELECT d.item FROM batch_item d WHERE d.batch_id = p_batch_id AND d.state = 'running' AND d.lease_until < now() FOR UPDATE SKIP LOCKED) lost
    WHERE i.batch_id = p_batch_id AND i.item = lost.item;
  SELECT min(i.item) INTO v_next FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state = 'waiting';
  IF v_next IS NULL THEN
    RETURN;
  END IF;
  IF v_batch.state = 'cancelling' THEN
    v_skip := 'Cancelled before it was started.';
  ELSIF v_batch.on_error = 'stop' AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state = 'failed' AND i.round = v_batch.round AND i.item < v_next) THEN
    v_skip := 'Not tried: an earlier item failed and on_error is ''stop''.';
  END IF;
  IF v_skip IS NOT NULL THEN
    UPDATE batch_item i SET state = 'failed', error_code = 'state_conflict', error_text = v_skip, settled_at = now() WHERE i.batch_id = p_batch_id AND i.state = 'waiting';
    RETURN;
  END IF;
  IF v_batch.on_error = 'stop' AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state IN ('running', 'pending')) THEN
    RETURN;
  END IF;
  IF v_batch.max_total IS NOT NULL AND EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = p_batch_id AND i.state = 'running') THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH taken AS (
      UPDATE batch_item i SET state = 'running', attempt = i.attempt + 1, lease_until = now() + make_interval(secs => p_lease_ms / 1000.0)
      FROM (SELECT d.item FROM batch_item d WHERE d.batch_id = p_batch_id AND d.state = 'waiting' ORDER BY d.item LIMIT p_limit FOR UPDATE SKIP LOCKED) due
      WHERE i.batch_id = p_batch_id AND i.item = due.item RETURNING i.item, i.ref, i.input, i.attempt)
    SELECT t.item, t.ref, t.input, t.attempt FROM taken t ORDER BY t.item;
END $$;

-- What became of leased items that no order settled: failed before the hold, handed back, or left to recovery. A lost attempt changes nothing.
-- Returns what is still open afterwards.
CREATE FUNCTION batch_report(p_product text, p_batch_id text, p_reports jsonb, OUT waiting integer, OUT running integer, OUT pending integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  UPDATE batch_item i SET
      state = CASE WHEN i.order_id IS NOT NULL THEN 'pending' WHEN r.state = 'failed' THEN 'failed' ELSE 'waiting' END, lease_until = NULL,
      error_code = CASE WHEN i.order_id IS NULL AND r.state = 'failed' THEN r.code END,
      error_text = CASE WHEN i.order_id IS NULL AND r.state = 'failed' THEN r.text END,
      error_details = CASE WHEN i.order_id IS NULL AND r.state = 'failed' THEN r.details END,
      settled_at = CASE WHEN i.order_id IS NULL AND r.state = 'failed' THEN now() END
    FROM jsonb_to_recordset(p_reports) AS r(item integer, attempt integer, state text, code text, text text, details jsonb), batch b
    WHERE b.id = p_batch_id AND b.product = p_product AND i.batch_id = b.id AND i.item = r.item AND i.attempt = r.attempt AND i.state = 'running';
  SELECT count(*) FILTER (WHERE i.state = 'waiting'), count(*) FILTER (WHERE i.state = 'running'), count(*) FILTER (WHERE i.state = 'pending')
    INTO waiting, running, pending FROM batch_item i WHERE i.batch_id = p_batch_id;
END $$;

-- Final once no item is open; counts, event and (inline) the stored answer in one statement. False: not yet, or already.
CREATE FUNCTION batch_finish(p_product text, p_batch_id text, p_status integer, p_body bytea, p_event_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_batch batch%ROWTYPE;
  v_ok integer;
  v_failed integer;
BEGIN
  PERFORM assert_product(p_product);
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND b.finished_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  SELECT count(*) FILTER (WHERE i.state = 'ok'), count(*) FILTER (WHERE i.state = 'failed') INTO v_ok, v_failed FROM batch_item i WHERE i.batch_id = p_batch_id;
  IF v_ok + v_failed <> v_batch.total THEN
    RETURN false;
  END IF;
  UPDATE batch b SET state = CASE WHEN b.state = 'cancelling' THEN 'cancelled' ELSE 'completed' END, ok = v_ok, failed = v_failed, finished_at = now(), touched_at = now()
    WHERE b.id = p_batch_id RETURNING b.* INTO v_batch;
  IF v_batch.form = 'inline' THEN
    PERFORM finish_claim(v_batch.idem_scope, v_batch.product, v_batch.idem_key, p_status, p_body, NULL);
  END IF;
  INSERT INTO event (id, account_id, product, type, subject, data)
    VALUES (p_event_id, v_batch.account_id, v_batch.product, 'batch.finished', v_batch.id,
            jsonb_build_object('batch_id', v_batch.id, 'kind', v_batch.kind, 'status', v_batch.state, 'total', v_batch.total, 'ok', v_ok, 'failed', v_failed));
  RETURN true;
END $$;

-- Items not yet started fail; those under way end as they end. Outcomes: cancelling | finished | not_found.
CREATE FUNCTION batch_cancel(p_product text, p_account_id text, p_batch_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_batch batch%ROWTYPE;
BEGIN
  PERFORM assert_product(p_product);
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND (p_account_id IS NULL OR b.account_id = p_account_id) FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'not_found';
  END IF;
  IF v_batch.finished_at IS NOT NULL THEN
    RETURN 'finished';
  END IF;
  UPDATE batch b SET state = 'cancelling', touched_at = now() WHERE b.id = p_batch_id;
  UPDATE batch_item i SET state = 'failed', error_code = 'state_conflict', error_text = 'Cancelled before it was started.', settled_at = now() WHERE i.batch_id = p_batch_id AND i.state = 'waiting';
  PERFORM batch_wake(v_batch.product, v_batch.account_id);
  RETURN 'cancelling';
END $$;

-- Failed items of a finished batch wait again, on behalf of the key that asks for it. Repeats of other items stay failed.
-- Outcomes: retried | nothing | open | not_found | invalid_key | no_account | cap | balance.
CREATE FUNCTION batch_retry(
  p_product text, p_account_id text, p_batch_id text, p_codes text[], p_key_id text, p_lineage_id text, p_operator boolean, p_default_cap bigint,
  OUT outcome text, OUT total integer, OUT retried integer
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_batch batch%ROWTYPE;
BEGIN
  PERFORM assert_product(p_product);
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND b.account_id = p_account_id FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'not_found';
    RETURN;
  END IF;
  outcome := batch_gate(p_account_id, p_product, p_key_id, p_lineage_id, p_operator, p_default_cap);
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  IF v_batch.finished_at IS NULL THEN
    outcome := 'open';
    RETURN;
  END IF;
  UPDATE batch_item i SET state = 'waiting', round = v_batch.round + 1, order_id = NULL, error_code = NULL, error_text = NULL, error_details = NULL, settled_at = NULL
    WHERE i.batch_id = p_batch_id AND i.state = 'failed' AND i.twin_of IS NULL AND (p_codes IS NULL OR i.error_code = ANY (p_codes));
  GET DIAGNOSTICS retried = ROW_COUNT;
  IF retried = 0 THEN
    outcome := 'nothing';
    RETURN;
  END IF;
  UPDATE batch b SET state = 'queued', round = b.round + 1, ok = NULL, failed = NULL, finished_at = NULL, started_at = NULL, touched_at = now(),
      key_id = p_key_id, lineage_id = p_lineage_id, is_operator = p_operator
    WHERE b.id = p_batch_id;
  PERFORM batch_wake(p_product, p_account_id);
  outcome := 'retried';
  total := v_batch.total;
END $$;

-- The sweeper: wakes whom every wake-up was lost for. Batches that nobody touched for a while and that have something to do.
CREATE FUNCTION batch_sweep(p_product text, p_idle_ms integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM assert_product(p_product);
  INSERT INTO outbox (product, name, payload, once)
    SELECT p_product, 'advance-batches', jsonb_build_object('account_id', idle.account_id), 'sweep-' || idle.account_id
    FROM (
      SELECT DISTINCT b.account_id FROM batch b
      WHERE b.product = p_product AND b.finished_at IS NULL AND b.touched_at < now() - make_interval(secs => p_idle_ms / 1000.0)
        AND (EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = b.id AND (i.state = 'waiting' OR (i.state = 'running' AND i.lease_until < now())))
             OR NOT EXISTS (SELECT 1 FROM batch_item i WHERE i.batch_id = b.id AND i.state IN ('waiting', 'running', 'pending')))
      LIMIT p_limit) idle
    WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.product = p_product AND o.once = 'sweep-' || idle.account_id);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- ── least power ──────────────────────────────────────────────────────────────────────────────────────────────────
REVOKE ALL ON FUNCTION assert_product, outbox_own, outbox_take, outbox_done, batch_wake, batch_gate, batch_create, batch_item_ordered, batch_item_settled,
  batch_take, batch_report, batch_finish, batch_cancel, batch_retry, batch_sweep FROM PUBLIC;
GRANT SELECT, INSERT ON outbox TO lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT ON batch, batch_item TO lumi_domains, lumi_vps, lumi_proxy;
GRANT EXECUTE ON FUNCTION outbox_take, outbox_done, batch_create, batch_take, batch_report, batch_finish, batch_cancel, batch_retry, batch_sweep
  TO lumi_domains, lumi_vps, lumi_proxy;
