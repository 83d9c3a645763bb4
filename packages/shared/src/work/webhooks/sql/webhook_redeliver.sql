-- Makes a delivery due now, whatever its state, with a schedule of its own. Returns `due`, `under_way` (an attempt is
-- running), `disabled`, `gone` (its event is no longer kept) or `not_found`.
CREATE OR REPLACE FUNCTION webhook_redeliver(p_product text, p_webhook_id text, p_delivery_id text, p_now timestamptz)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_enabled boolean;
  v_delivery webhook_delivery%ROWTYPE;
BEGIN
  PERFORM require_product(p_product);
  SELECT w.enabled INTO v_enabled FROM webhook w WHERE w.id = p_webhook_id AND w.product = p_product
    AND w.deleted_at IS NULL FOR UPDATE;
  SELECT d.* INTO v_delivery FROM webhook_delivery d WHERE d.webhook_id = p_webhook_id AND d.id = p_delivery_id
    FOR UPDATE;
  IF v_enabled IS NULL OR v_delivery.id IS NULL THEN
    RETURN 'not_found';
  ELSIF NOT v_enabled THEN
    RETURN 'disabled';
  ELSIF v_delivery.leased_until > now() THEN
    RETURN 'under_way';
  ELSIF v_delivery.test_body IS NULL AND NOT EXISTS (SELECT 1 FROM event e WHERE e.id = v_delivery.event_id) THEN
    RETURN 'gone';
  END IF;
  UPDATE webhook_delivery SET state = 'pending', step = 0, next_attempt_at = p_now, ended_at = NULL
    WHERE webhook_id = p_webhook_id AND id = p_delivery_id;
  RETURN 'due';
END $$;
REVOKE ALL ON FUNCTION webhook_redeliver FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_redeliver TO lumi_domains, lumi_vps, lumi_proxy;
