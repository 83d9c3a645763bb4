-- The same as require_product, under the name that batches, the outbox and operators' functions use.
CREATE OR REPLACE FUNCTION assert_product(p_product text) RETURNS void LANGUAGE sql STABLE
  SET search_path = platform, pg_temp AS $$ SELECT require_product(p_product) $$;
REVOKE ALL ON FUNCTION assert_product FROM PUBLIC;
