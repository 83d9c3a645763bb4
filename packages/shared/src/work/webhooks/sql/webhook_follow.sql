-- Makes deliveries of the next events of the feed that an endpoint wants, and moves its position behind them. While 100
-- deliveries wait for their first attempt the feed itself is the queue. The caller holds the endpoint's row.
CREATE OR REPLACE FUNCTION webhook_follow(p_webhook_id text, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = platform, pg_temp AS $$
DECLARE
  w webhook%ROWTYPE;
  v_due timestamptz;
  v_position bigint;
BEGIN
  SELECT h.* INTO w FROM webhook h WHERE h.id = p_webhook_id;
  IF (SELECT count(*) FROM (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.state = 'pending'
    AND d.attempt_count = 0 LIMIT 100) d) >= 100 THEN
    RETURN;
  END IF;
  -- First attempts are taken by this time: it never goes back, whichever worker's clock it is.
  v_due := greatest(p_now, w.first_due);
  -- Each half is the beginning of a range of the index (account, product, seq).
  WITH newer AS MATERIALIZED (SELECT * FROM (
      (SELECT e.seq, e.id, e.type, e.created_at FROM event e WHERE e.account_id = w.account_id AND e.product = w.product
        AND e.seq > w.position ORDER BY e.seq LIMIT 100)
      UNION ALL
      (SELECT e.seq, e.id, e.type, e.created_at FROM event e WHERE e.account_id = w.account_id AND e.product IS NULL
        AND e.seq > w.position ORDER BY e.seq LIMIT 100)) feed ORDER BY seq LIMIT 100),
  made AS (
    INSERT INTO webhook_delivery (webhook_id, id, product, event_id, event_seq, event_at, type, next_attempt_at)
      SELECT w.id, 'dlv_' || substr(n.id, 5), w.product, n.id, n.seq, n.created_at, n.type, v_due FROM newer n
        WHERE webhook_wants(w.events, n.type) ORDER BY n.seq
      ON CONFLICT DO NOTHING)
  SELECT max(n.seq) INTO v_position FROM newer n;
  UPDATE webhook SET position = coalesce(v_position, position), first_due = v_due WHERE id = w.id
    AND v_position IS NOT NULL;
END $$;
REVOKE ALL ON FUNCTION webhook_follow FROM PUBLIC;
