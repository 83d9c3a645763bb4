-- A moment in the form of the facts of terms, which is JavaScript's.
CREATE OR REPLACE FUNCTION fact_time(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$$;
REVOKE ALL ON FUNCTION fact_time FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fact_time TO lumi_domains, lumi_vps, lumi_proxy;
