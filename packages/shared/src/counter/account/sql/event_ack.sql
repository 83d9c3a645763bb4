-- Moves a consumer of the product's feed behind an event, and never back. Outcomes: acknowledged | behind (nothing has
-- changed) | unknown (the feed has no such event) | full (the account has 20 consumers; one name is one consumer,
-- whichever products it reads). With the first two: where the consumer is now.
CREATE OR REPLACE FUNCTION event_ack(p_account_id text, p_product text, p_consumer text, p_event_id text,
  OUT outcome text, OUT event_id text, OUT acked_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_seq bigint;
BEGIN
  PERFORM require_product(p_product);
  SELECT e.seq INTO v_seq FROM event e
    WHERE e.id = p_event_id AND e.account_id = p_account_id AND (e.product = p_product OR e.product IS NULL);
  IF NOT FOUND THEN
    outcome := 'unknown';
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM event_consumer c
    WHERE c.account_id = p_account_id AND c.product = p_product AND c.name = p_consumer) THEN
    -- Two new consumers of one account are counted one after the other.
    PERFORM pg_advisory_xact_lock(hashtext('platform.event_consumer'), hashtext(p_account_id));
    IF (SELECT count(DISTINCT c.name) FROM event_consumer c
      WHERE c.account_id = p_account_id AND c.name <> p_consumer) >= 20 THEN
      outcome := 'full';
      RETURN;
    END IF;
  END IF;
  INSERT INTO event_consumer AS c (account_id, product, name, seq, event_id)
    VALUES (p_account_id, p_product, p_consumer, v_seq, p_event_id)
    ON CONFLICT (account_id, product, name)
    DO UPDATE SET seq = excluded.seq, event_id = excluded.event_id, acked_at = now() WHERE c.seq < excluded.seq;
  outcome := CASE WHEN FOUND THEN 'acknowledged' ELSE 'behind' END;
  SELECT c.event_id, c.acked_at INTO event_ack.event_id, event_ack.acked_at FROM event_consumer c
    WHERE c.account_id = p_account_id AND c.product = p_product AND c.name = p_consumer;
END $$;
REVOKE ALL ON FUNCTION event_ack FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_ack TO lumi_domains, lumi_vps, lumi_proxy;
