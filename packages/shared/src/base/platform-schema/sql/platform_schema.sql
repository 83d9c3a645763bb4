-- What this schema promises to the processes that use it: `version` is raised by one with every change that a process
-- may come to need, `serves` is the oldest version whose processes it still serves. The rule, and when to raise which,
-- is in docs/releasing.md; version.ts in this room has the same version.
CREATE OR REPLACE FUNCTION platform_schema(OUT version integer, OUT serves integer)
LANGUAGE sql IMMUTABLE SET search_path = platform, pg_temp AS $$
  SELECT 6, 1
$$;
REVOKE ALL ON FUNCTION platform_schema FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform_schema TO lumi_gateway, lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
