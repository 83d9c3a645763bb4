-- A round of a worker: notes the results of its attempts (see webhook_note), makes deliveries of new events, and leases
-- at most p_room that are due to p_worker, for p_lease_ms. An event cannot be skipped: within an account they are
-- numbered in the order of their commits (event_in_order), and an endpoint has a position of its own.
--
-- Fairness: the endpoint that had its turn longest ago comes first; each has at most 5 attempts in flight; of an
-- endpoint that is new, fails or is slow at most p_room_doubtful in all. After 20 failures in a row it gets one at a
-- time.
CREATE OR REPLACE FUNCTION webhook_round(p_product text, p_worker text, p_results jsonb, p_retry_s integer[],
  p_room integer, p_room_doubtful integer, p_lease_ms integer, p_now timestamptz)
RETURNS TABLE (webhook_id text, delivery_id text, event_id text, test_body text, attempt integer, url text,
  secret bytea, old_secret bytea, is_doubtful boolean, event_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
#variable_conflict use_column
DECLARE
  w webhook%ROWTYPE;
  v_room integer := p_room;
  v_doubtful integer := p_room_doubtful;
  v_in_flight integer;
  v_slow boolean;
  v_is_doubtful boolean;
  v_limit integer;
  v_taken integer;
BEGIN
  PERFORM require_product(p_product);
  IF jsonb_array_length(p_results) > 0 THEN
    PERFORM webhook_note(p_product, p_worker, p_results, p_retry_s, p_now);
  END IF;
  IF p_room <= 0 THEN
    RETURN;
  END IF;
  FOR w IN SELECT h.* FROM webhook h WHERE h.product = p_product AND h.enabled AND h.disabling IS NULL
    AND (h.probe_at IS NULL OR h.probe_at <= p_now)
    AND (EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = h.id AND d.state = 'pending'
        AND d.next_attempt_at <= p_now AND (d.leased_until IS NULL OR d.leased_until <= now()))
      OR EXISTS (SELECT 1 FROM event e WHERE e.account_id = h.account_id AND e.product = p_product
        AND e.seq > h.position)
      OR EXISTS (SELECT 1 FROM event e WHERE e.account_id = h.account_id AND e.product IS NULL
        AND e.seq > h.position))
    AND (SELECT count(*) FROM webhook_delivery d WHERE d.webhook_id = h.id AND d.leased_until > now())
      < CASE WHEN h.failures >= 20 THEN 1 ELSE 5 END
    ORDER BY h.taken_at NULLS FIRST LIMIT 100 FOR UPDATE OF h SKIP LOCKED
  LOOP
    PERFORM webhook_follow(w.id, p_now);
    SELECT count(*), coalesce(bool_or(d.leased_at < now() - interval '2 seconds'), false) INTO v_in_flight, v_slow
      FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.leased_until > now();
    v_is_doubtful := v_slow OR w.failures > 0 OR w.succeeded_at IS NULL OR w.last_ms > 2000;
    v_limit := least(v_room, CASE WHEN w.failures >= 20 THEN 1 ELSE 5 END - v_in_flight);
    IF v_is_doubtful THEN
      v_limit := least(v_limit, v_doubtful);
    END IF;
    CONTINUE WHEN v_limit <= 0;
    RETURN QUERY
      WITH due AS MATERIALIZED (SELECT d.id FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.state = 'pending'
          AND d.next_attempt_at <= p_now AND (d.leased_until IS NULL OR d.leased_until <= now())
        ORDER BY d.next_attempt_at, d.event_seq LIMIT v_limit FOR UPDATE),
      taken AS (UPDATE webhook_delivery d SET leased_by = p_worker, leased_at = now(),
          attempt_count = attempt_count + 1, leased_until = now() + make_interval(secs => p_lease_ms / 1000.0)
        FROM due WHERE d.webhook_id = w.id AND d.id = due.id RETURNING d.*)
      SELECT w.id, t.id, t.event_id, t.test_body, t.attempt_count, w.url, w.secret,
          CASE WHEN w.old_secret_until > p_now THEN w.old_secret END, v_is_doubtful, t.event_at
        FROM taken t ORDER BY t.next_attempt_at, t.event_seq;
    GET DIAGNOSTICS v_taken = ROW_COUNT;
    v_room := v_room - v_taken;
    IF v_is_doubtful THEN
      v_doubtful := v_doubtful - v_taken;
    END IF;
    UPDATE webhook SET taken_at = clock_timestamp(),
      probe_at = CASE WHEN w.failures >= 20 AND v_taken > 0 THEN p_now + interval '30 seconds' ELSE probe_at END
      WHERE id = w.id;
    EXIT WHEN v_room <= 0;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION webhook_round FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_round TO lumi_domains, lumi_vps, lumi_proxy;
