-- Writes a line for each price of a TLD that is changed. A price from or to null is one that is offered newly, or no
-- longer.
CREATE OR REPLACE FUNCTION price_change_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = domains, pg_temp AS $$
BEGIN
  INSERT INTO price_change (tld, operation, old_price, new_price, effective_at)
  SELECT NEW.tld, p.operation, p.old_price, p.new_price, clock_timestamp()
  FROM (VALUES ('register', OLD.register, NEW.register), ('renew', OLD.renew, NEW.renew),
    ('transfer', OLD.transfer, NEW.transfer), ('restore', OLD.restore, NEW.restore), ('trade', OLD.trade, NEW.trade))
    AS p(operation, old_price, new_price)
  WHERE p.old_price IS DISTINCT FROM p.new_price;
  RETURN NULL;
END $$;
CREATE TRIGGER tld_price_change AFTER UPDATE ON tld FOR EACH ROW EXECUTE FUNCTION price_change_note();
REVOKE ALL ON FUNCTION price_change_note FROM PUBLIC;
