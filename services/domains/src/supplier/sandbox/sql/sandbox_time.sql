-- A moment as the registry writes it: UTC, whole seconds.
CREATE OR REPLACE FUNCTION sandbox_time(p_at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
$$;
REVOKE ALL ON FUNCTION sandbox_time FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_time TO lumi_domains;
