-- Switches an endpoint on again. What passed in the feed meanwhile is not sent by itself: its places are noted, and
-- webhook_recover sends it. At most 100 such gaps are kept, the newest.
CREATE OR REPLACE FUNCTION webhook_switch_on(p_product text, p_webhook_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_webhook webhook%ROWTYPE;
  v_newest bigint;
  v_missed int8multirange;
BEGIN
  PERFORM require_product(p_product);
  SELECT w.* INTO v_webhook FROM webhook w WHERE w.id = p_webhook_id AND w.product = p_product AND w.deleted_at IS NULL
    AND NOT w.enabled FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT greatest(v_webhook.position, coalesce(max(e.seq), 0)) INTO v_newest FROM event e
    WHERE e.account_id = v_webhook.account_id;
  v_missed := v_webhook.missed + int8multirange(int8range(v_webhook.position, v_newest, '(]'));
  SELECT coalesce(range_agg(g.gap), '{}') INTO v_missed FROM
    (SELECT m.gap FROM unnest(v_missed) AS m(gap) ORDER BY m.gap DESC LIMIT 100) g;
  UPDATE webhook SET enabled = true, disabled_at = NULL, disabled_reason = NULL, disabling = NULL, position = v_newest,
    missed = v_missed, failures = 0, failing_since = NULL, probe_at = NULL, updated_at = now() WHERE id = p_webhook_id;
END $$;
REVOKE ALL ON FUNCTION webhook_switch_on FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_switch_on TO lumi_domains, lumi_vps, lumi_proxy;
