-- Removes a consumer of the product's feed and returns where it was. Nulls: there is none.
CREATE OR REPLACE FUNCTION event_consumer_forget(p_account_id text, p_product text, p_consumer text,
  OUT event_id text, OUT acked_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  DELETE FROM event_consumer c WHERE c.account_id = p_account_id AND c.product = p_product AND c.name = p_consumer
    RETURNING c.event_id, c.acked_at INTO event_id, acked_at;
END $$;
REVOKE ALL ON FUNCTION event_consumer_forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_consumer_forget TO lumi_domains, lumi_vps, lumi_proxy;
