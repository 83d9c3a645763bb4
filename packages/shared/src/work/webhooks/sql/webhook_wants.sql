-- Whether an endpoint wants events of a type: `*`, the type itself, or `domain.*` for all types that begin with
-- `domain.`.
CREATE OR REPLACE FUNCTION webhook_wants(p_events text[], p_type text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT EXISTS (SELECT 1 FROM unnest(p_events) AS w(pattern) WHERE w.pattern IN ('*', p_type)
    OR (right(w.pattern, 2) = '.*' AND starts_with(p_type, left(w.pattern, -1))))
$$;
REVOKE ALL ON FUNCTION webhook_wants FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_wants TO lumi_domains, lumi_vps, lumi_proxy;
