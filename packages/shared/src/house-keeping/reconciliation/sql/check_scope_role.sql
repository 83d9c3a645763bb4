-- Which role may check which books: `books` are lumi_admin's, a product has its own scope (`vps`) and that of its
-- deposits (`deposits-vps`). Raises insufficient_privilege.
CREATE OR REPLACE FUNCTION check_scope_role(p_scope text) RETURNS void LANGUAGE plpgsql
  SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(CASE WHEN p_scope <> 'books' THEN regexp_replace(p_scope, '^deposits-', '') END);
END $$;
REVOKE ALL ON FUNCTION check_scope_role FROM PUBLIC;
