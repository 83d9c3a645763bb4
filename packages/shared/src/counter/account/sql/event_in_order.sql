-- The feed of an account is read by a cursor that only moves forward: an event that became visible behind it would
-- never be seen. A sequence alone does not prevent that, because numbers are given before the commit. So the events of
-- one account are written one transaction after the other, and take their number when it is their turn. The lock comes
-- last in every function that writes events.
CREATE OR REPLACE FUNCTION event_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('platform.event'), hashtext(NEW.account_id));
  NEW.seq := nextval('platform.event_seq_seq');
  RETURN NEW;
END $$;
CREATE TRIGGER event_in_order BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_in_order();
REVOKE ALL ON FUNCTION event_in_order FROM PUBLIC;
