-- An amount (1/10,000 USD) as the API writes it: two decimals, more only where they are needed. Internal.
CREATE OR REPLACE FUNCTION usd(p_amount bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_amount < 0 THEN '-' ELSE '' END || abs(p_amount) / 10000 || '.'
    || regexp_replace(lpad((abs(p_amount) % 10000)::text, 4, '0'), '0{1,2}$', '')
$$;
REVOKE ALL ON FUNCTION usd FROM PUBLIC;
