-- The same as require_product, under the name that lifecycle functions use.
CREATE OR REPLACE FUNCTION check_product_role(p_product text) RETURNS void LANGUAGE sql STABLE
  SET search_path = platform, pg_temp AS $$ SELECT require_product(p_product) $$;
REVOKE ALL ON FUNCTION check_product_role FROM PUBLIC;
