-- The exit address of number p_number in the sandbox: in 127.64.0.0/10, where a node on the same machine can bind it
-- and from which nothing outside is reached. Consecutive numbers are in different /24. Its last quarter is the pools'.
CREATE OR REPLACE FUNCTION sandbox_address_of(p_number bigint) RETURNS inet
LANGUAGE sql IMMUTABLE AS $$
  SELECT '127.64.0.0'::inet + ((p_number % 12288) * 256 + 1 + (p_number / 12288) % 254)
$$;
REVOKE ALL ON FUNCTION sandbox_address_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_address_of TO lumi_proxy;
