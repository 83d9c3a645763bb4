-- A time as the API writes it: UTC, whole seconds. Internal.
CREATE OR REPLACE FUNCTION iso_time(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;
REVOKE ALL ON FUNCTION iso_time FROM PUBLIC;
