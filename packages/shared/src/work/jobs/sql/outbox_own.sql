-- A service stages jobs of its own product only.
CREATE OR REPLACE FUNCTION outbox_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF session_user IN ('lumi_gateway', 'lumi_domains', 'lumi_vps', 'lumi_proxy')
    AND session_user <> 'lumi_' || NEW.product THEN
    RAISE EXCEPTION 'role % may not stage jobs of product %', session_user, NEW.product
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER outbox_own BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_own();
REVOKE ALL ON FUNCTION outbox_own FROM PUBLIC;
