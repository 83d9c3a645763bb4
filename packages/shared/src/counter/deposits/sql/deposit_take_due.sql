-- Leases at most p_limit due deposits of the caller's product to the poller, for p_lease_ms. Deposits are also due when
-- another product's service got a message about them (payment_hint).
CREATE OR REPLACE FUNCTION deposit_take_due(p_limit integer, p_lease_ms integer) RETURNS SETOF deposit
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM payment_hint) THEN
    WITH told AS (
      DELETE FROM payment_hint h USING deposit d
        WHERE d.provider = h.provider AND (d.provider_invoice_id = h.provider_invoice_id OR d.id = h.deposit_id)
          AND acts_for(d.product) RETURNING d.id)
    UPDATE deposit d SET wake_at = now() FROM told WHERE d.id = told.id
      AND d.state NOT IN ('credited', 'refunded', 'disputed');
    DELETE FROM payment_hint WHERE created_at < now() - kept_for('payment hint'); -- of no deposit of ours
  END IF;
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT w.id FROM deposit w WHERE w.wake_at <= now() AND acts_for(w.product) ORDER BY w.wake_at LIMIT p_limit FOR
        UPDATE SKIP LOCKED)
    UPDATE deposit d SET wake_at = now() + make_interval(secs => p_lease_ms / 1000.0) FROM due WHERE d.id = due.id
      RETURNING d.*;
END $$;
REVOKE ALL ON FUNCTION deposit_take_due FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit_take_due TO lumi_domains, lumi_vps, lumi_proxy;
