-- Writes `balance.low` when what is available falls below the account's threshold, at the end of the transaction: the
-- lock of the feed is the last one. Other changes of a wallet do not call it.
CREATE OR REPLACE FUNCTION balance_low() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM account_event(NEW.account_id, 'balance.low', NEW.account_id,
    jsonb_build_object('available_usd', usd(NEW.posted - NEW.held), 'low_balance_usd', usd(NEW.low_at)), NULL);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balance_low AFTER UPDATE ON wallet DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.posted - NEW.held < NEW.low_at AND OLD.posted - OLD.held >= NEW.low_at) EXECUTE FUNCTION balance_low();
REVOKE ALL ON FUNCTION balance_low FROM PUBLIC;
