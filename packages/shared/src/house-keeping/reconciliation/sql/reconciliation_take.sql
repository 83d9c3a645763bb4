-- The attempt number of the worker that got the next check, for p_lease_ms; null: not due, or another worker has it.
CREATE OR REPLACE FUNCTION reconciliation_take(p_scope text, p_now timestamptz, p_lease_ms integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_attempt integer;
BEGIN
  PERFORM check_scope_role(p_scope);
  INSERT INTO reconciliation AS r (scope, next_at) VALUES (p_scope, p_now + make_interval(secs => p_lease_ms / 1000.0))
    ON CONFLICT (scope) DO UPDATE SET next_at = excluded.next_at, attempt = r.attempt + 1 WHERE r.next_at <= p_now
      RETURNING r.attempt INTO v_attempt;
  RETURN v_attempt;
END $$;
REVOKE ALL ON FUNCTION reconciliation_take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reconciliation_take TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
