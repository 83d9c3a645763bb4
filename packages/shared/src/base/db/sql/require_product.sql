-- Raises insufficient_privilege unless the caller may act for the product (see acts_for). Of no product (null): only
-- lumi_admin and the owner. Every function that works as the owner and is given a product calls this first;
-- db/least-power.test.ts tries them all.
CREATE OR REPLACE FUNCTION require_product(p_product text) RETURNS void LANGUAGE plpgsql STABLE
  SET search_path = platform, pg_temp AS $$
BEGIN
  IF acts_for(p_product) IS NOT TRUE THEN
    RAISE EXCEPTION 'role % may not act for product %', CASE WHEN current_setting('role') = 'none' THEN session_user
      ELSE current_setting('role') END, coalesce(p_product, 'none') USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
REVOKE ALL ON FUNCTION require_product FROM PUBLIC;
