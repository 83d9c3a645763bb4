-- Whether the caller may act for a product. The caller is the role that logged in, or the one it has become by SET
-- ROLE; inside a function that works as the owner current_user is the owner, and these two are not. The owner and
-- lumi_admin may act for every product, also for none (null); a service's role for its own. Null where the product is
-- null and the caller is a service.
CREATE OR REPLACE FUNCTION acts_for(p_product text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN current_setting('role') = 'none' THEN session_user = current_user
    OR session_user IN ('lumi_admin', 'lumi_' || p_product)
              ELSE current_setting('role') IN ('lumi_admin', 'lumi_' || p_product) END;
$$;
REVOKE ALL ON FUNCTION acts_for FROM PUBLIC;
