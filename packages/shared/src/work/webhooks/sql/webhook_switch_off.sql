-- Switches an endpoint off: no further attempt begins, and what is pending is skipped, the oldest 10,000. An attempt
-- under way ends, and its result is noted. With p_event_id the account's feed says so.
CREATE OR REPLACE FUNCTION webhook_switch_off(p_product text, p_webhook_id text, p_reason text, p_event_id text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_webhook webhook%ROWTYPE;
BEGIN
  PERFORM require_product(p_product);
  SELECT w.* INTO v_webhook FROM webhook w WHERE w.id = p_webhook_id AND w.product = p_product AND w.enabled FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE webhook SET enabled = false, disabled_at = now(), disabled_reason = p_reason, disabling = NULL,
    updated_at = now() WHERE id = p_webhook_id;
  WITH open AS MATERIALIZED (SELECT d.id FROM webhook_delivery d WHERE d.webhook_id = p_webhook_id
    AND d.state = 'pending' AND (d.leased_until IS NULL OR d.leased_until <= now())
    ORDER BY d.next_attempt_at, d.event_seq LIMIT 10000 FOR UPDATE)
  UPDATE webhook_delivery d SET state = 'skipped', next_attempt_at = NULL, leased_by = NULL, leased_at = NULL,
    leased_until = NULL, ended_at = now() FROM open WHERE d.webhook_id = p_webhook_id AND d.id = open.id;
  IF p_event_id IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data) VALUES (p_event_id, v_webhook.account_id,
      p_product, 'webhook.disabled', p_webhook_id, jsonb_build_object('webhook_id', p_webhook_id, 'reason', p_reason,
        'failed_attempts', v_webhook.failures));
  END IF;
END $$;
REVOKE ALL ON FUNCTION webhook_switch_off FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_switch_off TO lumi_domains, lumi_vps, lumi_proxy;
