-- The requested values never change, an invoice id is written once, and a credit cannot be undone by an update of the
-- row.
CREATE OR REPLACE FUNCTION deposit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.account_id, NEW.product, NEW.provider, NEW.amount, NEW.created_at) IS DISTINCT
    FROM (OLD.id, OLD.account_id, OLD.product, OLD.provider, OLD.amount, OLD.created_at)
     OR (OLD.provider_invoice_id IS NOT NULL AND NEW.provider_invoice_id IS DISTINCT FROM OLD.provider_invoice_id)
     OR (OLD.state = 'credited' AND NEW.state NOT IN ('credited', 'refunded', 'disputed')) THEN
    RAISE EXCEPTION 'this part of a deposit cannot change' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER deposit_guard BEFORE UPDATE ON deposit FOR EACH ROW EXECUTE FUNCTION deposit_guard();
REVOKE ALL ON FUNCTION deposit_guard FROM PUBLIC;
