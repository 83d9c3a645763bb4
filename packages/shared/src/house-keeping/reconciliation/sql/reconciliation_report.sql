-- Stores the result of one check: p_breaches is [{rule, subject, detail}]. It returns new breaches, counts known ones
-- again, and clears those that are gone. With p_failure the check itself failed and says nothing about breaches. A
-- caller whose attempt is not the current one changes nothing.
CREATE OR REPLACE FUNCTION reconciliation_report(p_scope text, p_attempt integer, p_now timestamptz,
  p_next_at timestamptz, p_breaches jsonb, p_failure text) RETURNS SETOF breach
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_scope_role(p_scope);
  UPDATE reconciliation r SET next_at = p_next_at, ran_at = p_now, failure = p_failure, found = CASE
    WHEN p_failure IS NULL THEN jsonb_array_length(p_breaches) ELSE r.found END
    WHERE r.scope = p_scope AND r.attempt = p_attempt;
  IF NOT FOUND OR p_failure IS NOT NULL THEN
    RETURN;
  END IF;
  UPDATE breach b SET cleared_at = p_now WHERE b.scope = p_scope AND b.cleared_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM jsonb_to_recordset(p_breaches) AS x(rule text, subject text) WHERE x.rule = b.rule
      AND x.subject = b.subject);
  RETURN QUERY
    WITH found AS (SELECT DISTINCT ON (x.rule, x.subject) x.rule, x.subject, x.detail
      FROM jsonb_to_recordset(p_breaches) AS x(rule text, subject text, detail text)),
    seen AS (UPDATE breach b SET seen = b.seen + 1, last_seen_at = p_now, detail = f.detail FROM found f
      WHERE b.scope = p_scope AND b.cleared_at IS NULL AND b.rule = f.rule AND b.subject = f.subject
        RETURNING b.rule, b.subject)
    INSERT INTO breach (scope, rule, subject, detail, first_seen_at, last_seen_at)
      SELECT p_scope, f.rule, f.subject, f.detail, p_now, p_now FROM found f WHERE NOT EXISTS (SELECT 1 FROM seen s
        WHERE s.rule = f.rule AND s.subject = f.subject)
      ORDER BY f.rule, f.subject RETURNING *;
END $$;
REVOKE ALL ON FUNCTION reconciliation_report FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reconciliation_report TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
