-- The address that is sold of a row of stock: itself, or any one of an IPv6 block of 64 bits.
CREATE OR REPLACE FUNCTION own_exit_of(p_address inet) RETURNS inet LANGUAGE sql VOLATILE
  SET search_path = proxy, pg_temp AS $$
  SELECT CASE WHEN family(p_address) = 6 AND masklen(p_address) = 64
    THEN set_masklen(p_address + (1 + floor(random() * 9007199254740991))::bigint, 128) ELSE p_address END
$$;
REVOKE ALL ON FUNCTION own_exit_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_exit_of TO lumi_proxy;
