-- The feed of an account is read by a cursor that only moves forward: a reader would never see an event that became
-- visible behind it. A sequence alone does not prevent that, because numbers are assigned before the commit. So the
-- transactions that write events of one account run one after the other, and take their number in their turn. Every
-- function that writes events takes this lock last.
--
-- The time is that of the number, not that of the beginning of a transaction that waited for its turn: the feed of all
-- accounts stays behind the present by time. A row that brings its own time keeps it. An event about the account itself
-- has no product, whichever product wrote it.
CREATE OR REPLACE FUNCTION event_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('platform.event'), hashtext(NEW.account_id));
  NEW.seq := nextval('platform.event_seq_seq');
  IF NEW.created_at = now() THEN
    NEW.created_at := clock_timestamp();
  END IF;
  IF split_part(NEW.type, '.', 1) IN ('deposit', 'balance', 'key', 'webhook') THEN
    NEW.product := NULL;
  ELSIF NEW.product IS NULL THEN
    RAISE EXCEPTION 'an event % needs its product', NEW.type USING ERRCODE = 'not_null_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER event_in_order BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_in_order();
REVOKE ALL ON FUNCTION event_in_order FROM PUBLIC;
