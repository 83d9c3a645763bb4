-- An order uses a line only for the account, product and kind of its quote, at its price and on its terms. It checks
-- immediately, but after the statement, which inserts the order too.
CREATE OR REPLACE FUNCTION quote_use_checked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = platform, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM quote_line l JOIN quote q ON q.id = l.quote_id JOIN orders o ON o.id = NEW.order_id
    WHERE l.quote_id = NEW.quote_id AND l.line = NEW.line AND l.price = NEW.price AND l.kind = o.kind
      AND l.terms = o.terms AND o.price = NEW.price AND o.account_id = q.account_id AND o.product = q.product
  ) THEN
    RAISE EXCEPTION 'violates constraint "quote_use_matches"'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'quote_use_matches';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER quote_use_checked AFTER INSERT ON quote_use FOR EACH ROW EXECUTE FUNCTION quote_use_checked();
REVOKE ALL ON FUNCTION quote_use_checked FROM PUBLIC;
