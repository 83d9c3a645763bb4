-- Lines of a quote, and uses of lines, are written for quotes of the caller's product only: a line in another product's
-- quote would be a price that its seller never quoted. It checks after the statement, which may have inserted the quote
-- too.
CREATE OR REPLACE FUNCTION quote_line_own() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = platform, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added a JOIN quote q ON q.id = a.quote_id WHERE acts_for(q.product) IS NOT TRUE) THEN
    RAISE EXCEPTION 'a line of another product''s quote' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER quote_line_own AFTER INSERT ON quote_line REFERENCING NEW TABLE AS added FOR EACH STATEMENT
  EXECUTE FUNCTION quote_line_own();
CREATE TRIGGER quote_use_own AFTER INSERT ON quote_use REFERENCING NEW TABLE AS added FOR EACH STATEMENT
  EXECUTE FUNCTION quote_line_own();
REVOKE ALL ON FUNCTION quote_line_own FROM PUBLIC;
