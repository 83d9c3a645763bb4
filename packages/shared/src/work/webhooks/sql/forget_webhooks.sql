-- Deletes at most p_limit deliveries of the caller's product, with their attempts: those older than
-- `kept_for('webhook delivery')` that are over, and those of deleted endpoints. A deleted endpoint goes with its last
-- delivery. Returns how many deliveries.
CREATE OR REPLACE FUNCTION forget_webhooks(p_product text, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_old integer;
  v_deleted integer;
BEGIN
  PERFORM require_product(p_product);
  WITH due AS MATERIALIZED (SELECT d.webhook_id, d.id FROM webhook_delivery d WHERE d.product = p_product
    AND d.created_at < now() - kept_for('webhook delivery') AND d.state <> 'pending'
    ORDER BY d.created_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM webhook_delivery d USING due WHERE d.webhook_id = due.webhook_id AND d.id = due.id;
  GET DIAGNOSTICS v_old = ROW_COUNT;
  WITH due AS MATERIALIZED (SELECT d.webhook_id, d.id FROM webhook w JOIN webhook_delivery d ON d.webhook_id = w.id
    WHERE w.product = p_product AND w.deleted_at IS NOT NULL LIMIT p_limit - v_old FOR UPDATE OF d SKIP LOCKED)
  DELETE FROM webhook_delivery d USING due WHERE d.webhook_id = due.webhook_id AND d.id = due.id;
  GET DIAGNOSTICS v_deleted = ROW_COUNT;
  DELETE FROM webhook w WHERE w.product = p_product AND w.deleted_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = w.id);
  RETURN v_old + v_deleted;
END $$;
REVOKE ALL ON FUNCTION forget_webhooks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_webhooks TO lumi_domains, lumi_vps, lumi_proxy;
