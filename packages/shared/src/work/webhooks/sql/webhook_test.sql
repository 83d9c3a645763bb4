-- Makes a delivery of a test, whose body is not that of an event. Returns false when there is no such endpoint that is
-- switched on.
CREATE OR REPLACE FUNCTION webhook_test(p_product text, p_webhook_id text, p_event_id text, p_type text,
  p_test_body text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  INSERT INTO webhook_delivery (webhook_id, id, product, event_id, event_seq, event_at, type, test_body,
    next_attempt_at)
    SELECT w.id, 'dlv_' || substr(p_event_id, 5), p_product, p_event_id, 0, p_now, p_type, p_test_body, p_now
      FROM webhook w WHERE w.id = p_webhook_id AND w.product = p_product AND w.enabled;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION webhook_test FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_test TO lumi_domains, lumi_vps, lumi_proxy;
