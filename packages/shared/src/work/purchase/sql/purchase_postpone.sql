-- The supplier accepted and works on it, or its end is unknown: the hold stays, and recovery looks again after
-- p_wake_after_ms. False: the attempt is not the current one, or the order is over.
CREATE OR REPLACE FUNCTION purchase_postpone(p_order_id text, p_attempt integer, p_state text, p_supplier_ref text,
  p_wake_after_ms integer, p_stuck boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE orders o SET state = p_state, supplier_ref = coalesce(p_supplier_ref, o.supplier_ref),
    wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0),
      stuck_since = CASE WHEN p_stuck THEN coalesce(o.stuck_since, now()) ELSE o.stuck_since END
    WHERE o.id = p_order_id AND o.attempt = p_attempt AND o.settled_at IS NULL
      AND acts_for(o.product);
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION purchase_postpone FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purchase_postpone TO lumi_domains, lumi_vps, lumi_proxy;
