-- Reconciliation: contradictions that were found, for the operators' queue. Nothing here repairs anything.
CREATE TABLE breach (
  seq           bigserial PRIMARY KEY,
  scope         text NOT NULL,
  rule          text NOT NULL,
  subject       text NOT NULL,
  detail        text NOT NULL,
  seen          integer NOT NULL DEFAULT 1,
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  cleared_at    timestamptz
);
-- One open row for each contradiction; one that comes back after it was gone is a new one.
CREATE UNIQUE INDEX breach_open ON breach (scope, rule, subject) WHERE cleared_at IS NULL;

-- When each part is looked at next, and how the last look went.
CREATE TABLE reconciliation (
  scope   text PRIMARY KEY,
  next_at timestamptz NOT NULL,
  attempt integer NOT NULL DEFAULT 1,
  ran_at  timestamptz,
  found   integer,
  failure text
);

-- `books` and `deposits` are everybody's, a product's own scope is its service's alone.
CREATE FUNCTION check_scope_role(p_scope text) RETURNS void LANGUAGE plpgsql SET search_path = platform, pg_temp AS $$
BEGIN
  IF p_scope NOT IN ('books', 'deposits') THEN
    PERFORM check_product_role(p_scope);
  END IF;
END $$;

-- The attempt number of whoever got it; null: not due, or somebody else has it.
CREATE FUNCTION reconciliation_take(p_scope text, p_now timestamptz, p_lease_ms integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_attempt integer;
BEGIN
  PERFORM check_scope_role(p_scope);
  INSERT INTO reconciliation AS r (scope, next_at) VALUES (p_scope, p_now + make_interval(secs => p_lease_ms / 1000.0))
    ON CONFLICT (scope) DO UPDATE SET next_at = excluded.next_at, attempt = r.attempt + 1 WHERE r.next_at <= p_now RETURNING r.attempt INTO v_attempt;
  RETURN v_attempt;
END $$;

-- What one look found: new contradictions come back, known ones are seen once more, those that are gone are cleared. With p_failure the look
-- itself failed and says nothing about them.
CREATE FUNCTION reconciliation_report(p_scope text, p_attempt integer, p_now timestamptz, p_next_at timestamptz, p_breaches jsonb, p_failure text) RETURNS SETOF breach
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_scope_role(p_scope);
  UPDATE reconciliation r SET next_at = p_next_at, ran_at = p_now, failure = p_failure, found = CASE WHEN p_failure IS NULL THEN jsonb_array_length(p_breaches) ELSE r.found END
    WHERE r.scope = p_scope AND r.attempt = p_attempt;
  IF NOT FOUND OR p_failure IS NOT NULL THEN
    RETURN;
  END IF;
  UPDATE breach b SET cleared_at = p_now WHERE b.scope = p_scope AND b.cleared_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM jsonb_to_recordset(p_breaches) AS x(rule text, subject text) WHERE x.rule = b.rule AND x.subject = b.subject);
  RETURN QUERY
    WITH found AS (SELECT DISTINCT ON (x.rule, x.subject) x.rule, x.subject, x.detail FROM jsonb_to_recordset(p_breaches) AS x(rule text, subject text, detail text)),
    seen AS (UPDATE breach b SET seen = b.seen + 1, last_seen_at = p_now, detail = f.detail FROM found f
      WHERE b.scope = p_scope AND b.cleared_at IS NULL AND b.rule = f.rule AND b.subject = f.subject RETURNING b.rule, b.subject)
    INSERT INTO breach (scope, rule, subject, detail, first_seen_at, last_seen_at)
      SELECT p_scope, f.rule, f.subject, f.detail, p_now, p_now FROM found f WHERE NOT EXISTS (SELECT 1 FROM seen s WHERE s.rule = f.rule AND s.subject = f.subject)
      ORDER BY f.rule, f.subject RETURNING *;
END $$;

REVOKE ALL ON FUNCTION check_scope_role, reconciliation_take, reconciliation_report FROM PUBLIC;
GRANT SELECT ON breach, reconciliation TO lumi_domains, lumi_vps, lumi_proxy;
GRANT EXECUTE ON FUNCTION reconciliation_take, reconciliation_report TO lumi_domains, lumi_vps, lumi_proxy;
