-- Makes due what an endpoint missed of the events from p_since until before p_until: deliveries that failed or were
-- skipped, and events that passed while it was switched off. At most p_limit of each, the oldest. Returns how many, or
-- null when the endpoint is switched off.
CREATE OR REPLACE FUNCTION webhook_recover(p_product text, p_webhook_id text, p_since timestamptz, p_until timestamptz,
  p_limit integer, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_webhook webhook%ROWTYPE;
  v_again integer;
  v_new integer;
BEGIN
  PERFORM require_product(p_product);
  SELECT w.* INTO v_webhook FROM webhook w WHERE w.id = p_webhook_id AND w.product = p_product AND w.enabled FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  WITH ended AS MATERIALIZED (SELECT d.id FROM webhook_delivery d WHERE d.webhook_id = p_webhook_id
    AND d.state IN ('failed', 'skipped') AND d.test_body IS NULL AND d.event_at >= p_since AND d.event_at < p_until
    AND EXISTS (SELECT 1 FROM event e WHERE e.id = d.event_id) ORDER BY d.event_seq LIMIT p_limit FOR UPDATE)
  UPDATE webhook_delivery d SET state = 'pending', step = 0, next_attempt_at = p_now, ended_at = NULL FROM ended
    WHERE d.webhook_id = p_webhook_id AND d.id = ended.id;
  GET DIAGNOSTICS v_again = ROW_COUNT;
  INSERT INTO webhook_delivery (webhook_id, id, product, event_id, event_seq, event_at, type, next_attempt_at)
    SELECT p_webhook_id, 'dlv_' || substr(e.id, 5), p_product, e.id, e.seq, e.created_at, e.type, p_now
      FROM unnest(v_webhook.missed) AS m(gap)
      JOIN event e ON e.account_id = v_webhook.account_id AND (e.product = p_product OR e.product IS NULL)
        AND e.seq >= lower(m.gap) AND e.seq < upper(m.gap)
      WHERE e.created_at >= p_since AND e.created_at < p_until AND webhook_wants(v_webhook.events, e.type)
        AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = p_webhook_id AND d.id = 'dlv_' ||
          substr(e.id, 5))
      ORDER BY e.seq LIMIT p_limit
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS v_new = ROW_COUNT;
  RETURN v_again + v_new;
END $$;
REVOKE ALL ON FUNCTION webhook_recover FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_recover TO lumi_domains, lumi_vps, lumi_proxy;
