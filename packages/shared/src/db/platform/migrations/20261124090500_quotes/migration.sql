-- Quotes: prices told to an account and kept for a while. A line is what one purchase may be made at; the purchase that uses it says so
-- in the statement that holds the money, and the primary key of quote_use is the judge of "once".
CREATE TABLE quote (
  id         text PRIMARY KEY,
  account_id text NOT NULL REFERENCES account (id),
  product    text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  operation  text NOT NULL,
  key_id     text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX quote_age ON quote (expires_at);

-- `kind`, `subject` and `terms` say what is priced: a purchase matches when all three are equal. Lines without a price were refused.
CREATE TABLE quote_line (
  quote_id     text NOT NULL REFERENCES quote (id) ON DELETE CASCADE,
  line         integer NOT NULL CHECK (line >= 0),
  ref          text NOT NULL,
  kind         text,
  terms        jsonb,
  price        bigint CHECK (price >= 0),
  parts        jsonb NOT NULL DEFAULT '[]',
  problem_code text,
  problem_text text,
  PRIMARY KEY (quote_id, line),
  CHECK ((price IS NULL) = (kind IS NULL) AND (price IS NULL) = (terms IS NULL)),
  CHECK (price IS NOT NULL OR problem_code IS NOT NULL)
);

-- Kept for as long as the order is: the audit compares the price of the order with the price of the line.
CREATE TABLE quote_use (
  quote_id text NOT NULL,
  line     integer NOT NULL,
  order_id text NOT NULL UNIQUE,
  price    bigint NOT NULL,
  CONSTRAINT quote_use_once PRIMARY KEY (quote_id, line)
);

-- The order must be of the account, product and kind the line was told for, and at its price: a service cannot use a line otherwise.
CREATE FUNCTION quote_use_checked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM quote_line l JOIN quote q ON q.id = l.quote_id JOIN orders o ON o.id = NEW.order_id
    WHERE l.quote_id = NEW.quote_id AND l.line = NEW.line AND l.price = NEW.price AND l.kind = o.kind AND o.price = NEW.price AND o.account_id = q.account_id AND o.product = q.product
  ) THEN
    RAISE EXCEPTION 'violates constraint "quote_use_matches"' USING ERRCODE = 'check_violation', CONSTRAINT = 'quote_use_matches';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER quote_use_checked AFTER INSERT ON quote_use FOR EACH ROW EXECUTE FUNCTION quote_use_checked();

-- Quotes that ended a while ago; what was used stays in quote_use.
CREATE FUNCTION forget_quotes(p_before timestamptz, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  DELETE FROM quote WHERE id IN (SELECT id FROM quote WHERE expires_at < least(p_before, now()) ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

REVOKE ALL ON FUNCTION quote_use_checked, forget_quotes FROM PUBLIC;
GRANT SELECT, INSERT ON quote, quote_line, quote_use TO lumi_domains, lumi_vps, lumi_proxy;
GRANT EXECUTE ON FUNCTION forget_quotes TO lumi_domains, lumi_vps, lumi_proxy;
