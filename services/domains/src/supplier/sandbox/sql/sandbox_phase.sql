-- The phase of a name at p_now: active | grace | redemption | pending_delete | free. The days of each phase are those
-- of its TLD.
CREATE OR REPLACE FUNCTION sandbox_phase(p_name sandbox_name, p_now timestamptz) RETURNS text LANGUAGE sql STABLE
  SET search_path = domains, pg_temp AS $$
  SELECT CASE
    WHEN p_name.deleted_at IS NULL AND p_now < p_name.expires_at THEN 'active'
    WHEN p_name.deleted_at IS NULL AND p_now < g.ends THEN 'grace'
    WHEN p_now < g.ends + make_interval(days => t.redemption_days) THEN 'redemption'
    WHEN p_now < g.ends + make_interval(days => t.redemption_days + t.pending_delete_days) THEN 'pending_delete'
    ELSE 'free' END
  FROM tld t, LATERAL (SELECT coalesce(p_name.deleted_at,
    p_name.expires_at + make_interval(days => t.grace_days)) AS ends) g
  WHERE t.tld = p_name.tld;
$$;
REVOKE ALL ON FUNCTION sandbox_phase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_phase TO lumi_domains;
