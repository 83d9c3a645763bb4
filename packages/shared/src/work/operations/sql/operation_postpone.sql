-- The supplier works on it, or its end is unknown: recovery looks again after p_wake_after_ms. Progress (percent) never
-- decreases, and is 100 only at the end. False: the attempt is not the current one, or the operation is over.
CREATE OR REPLACE FUNCTION operation_postpone(p_id text, p_attempt integer, p_supplier_ref text, p_progress integer,
  p_wake_after_ms integer, p_stuck boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE operation o SET supplier_ref = coalesce(p_supplier_ref, o.supplier_ref), progress = greatest(o.progress,
    least(coalesce(p_progress, 0), 99)),
      waiting_for = CASE WHEN p_stuck THEN 'operator' ELSE 'supplier'
        END, wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0),
      stuck_since = CASE WHEN p_stuck THEN coalesce(o.stuck_since, now()) ELSE o.stuck_since END
    WHERE o.id = p_id AND o.attempt = p_attempt AND o.state = 'running' AND acts_for(o.product);
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION operation_postpone FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operation_postpone TO lumi_domains, lumi_vps, lumi_proxy;
