-- Notes the results of attempts, which p_worker had leased: [{webhook_id, id, attempt, at, ms, status, error, answer,
-- retry_after_s}]. An attempt whose lease has been given to another worker is passed over. One that failed after its
-- endpoint was switched off is not repeated. p_retry_s are the delays of the schedule, the first of them before the
-- first attempt; each is stretched or shortened by at most 10 %. After 20 failures in a row an endpoint gets one
-- attempt every 30 s. It is to be switched off when it answers 410, or when every attempt of 5 days failed and there
-- were at least 10.
CREATE OR REPLACE FUNCTION webhook_note(p_product text, p_worker text, p_results jsonb, p_retry_s integer[],
  p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
#variable_conflict use_column
DECLARE
  r record;
  v_delivery webhook_delivery%ROWTYPE;
  v_ok boolean;
  v_is_last boolean;
  v_enabled boolean;
  v_failures integer;
  v_since timestamptz;
  v_wait_s double precision;
BEGIN
  PERFORM require_product(p_product);
  -- Endpoint by endpoint in one order, so that two workers never wait for each other.
  PERFORM 1 FROM webhook w WHERE w.product = p_product
    AND w.id IN (SELECT x.webhook_id FROM jsonb_to_recordset(p_results) AS x(webhook_id text))
    ORDER BY w.id FOR UPDATE;
  FOR r IN SELECT x.* FROM jsonb_to_recordset(p_results) AS x(webhook_id text, id text, attempt integer,
    at timestamptz, ms integer, status integer, error text, answer text, retry_after_s integer) ORDER BY x.at LOOP
    SELECT d.* INTO v_delivery FROM webhook_delivery d WHERE d.webhook_id = r.webhook_id AND d.id = r.id
      AND d.product = p_product AND d.leased_by = p_worker AND d.attempt_count = r.attempt FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    INSERT INTO webhook_attempt (webhook_id, delivery_id, number, product, at, ms, status, error, answer)
      VALUES (r.webhook_id, r.id, r.attempt, p_product, r.at, r.ms, r.status, r.error, r.answer);
    DELETE FROM webhook_attempt a WHERE a.webhook_id = r.webhook_id AND a.delivery_id = r.id
      AND a.number <= r.attempt - 50;
    v_ok := r.error IS NULL AND r.status BETWEEN 200 AND 299;
    IF v_ok THEN
      UPDATE webhook_delivery SET state = 'delivered', next_attempt_at = NULL, leased_by = NULL, leased_at = NULL,
        leased_until = NULL, ended_at = now() WHERE webhook_id = r.webhook_id AND id = r.id;
      UPDATE webhook SET failures = 0, failing_since = NULL, probe_at = NULL, succeeded_at = p_now, last_ms = r.ms
        WHERE id = r.webhook_id;
      CONTINUE;
    END IF;
    SELECT w.enabled INTO v_enabled FROM webhook w WHERE w.id = r.webhook_id;
    v_is_last := NOT v_enabled OR v_delivery.step + 1 >= cardinality(p_retry_s);
    v_wait_s := greatest(p_retry_s[v_delivery.step + 2] * (0.9 + 0.2 * random()), coalesce(r.retry_after_s, 0));
    UPDATE webhook_delivery SET step = v_delivery.step + 1, leased_by = NULL, leased_at = NULL, leased_until = NULL,
      state = CASE WHEN NOT v_enabled THEN 'skipped' WHEN v_is_last THEN 'failed' ELSE 'pending' END,
      next_attempt_at = CASE WHEN v_is_last THEN NULL ELSE p_now + make_interval(secs => v_wait_s) END,
      ended_at = CASE WHEN v_is_last THEN now() END WHERE webhook_id = r.webhook_id AND id = r.id;
    UPDATE webhook SET failures = failures + 1, failing_since = coalesce(failing_since, r.at), last_ms = r.ms
      WHERE id = r.webhook_id RETURNING failures, failing_since INTO v_failures, v_since;
    UPDATE webhook SET
      probe_at = CASE WHEN v_failures >= 20 THEN p_now + interval '30 seconds' END,
      disabling = CASE WHEN r.status = 410 THEN 'gone'
        WHEN v_failures >= 10 AND v_since <= p_now - interval '5 days' THEN 'failing' ELSE disabling END
      WHERE id = r.webhook_id AND enabled AND (v_failures >= 10 OR r.status = 410);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION webhook_note FROM PUBLIC;
