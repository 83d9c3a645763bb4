-- The feed of an account is read by a cursor that only moves forward: a reader would never see an event that became
-- visible behind it. A sequence alone does not prevent that, because numbers are assigned before the commit. So the
-- transactions that write events of one account run one after the other, and take their number in their turn. Every
-- function that writes events takes this lock last.
CREATE OR REPLACE FUNCTION event_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('platform.event'), hashtext(NEW.account_id));
  NEW.seq := nextval('platform.event_seq_seq');
  RETURN NEW;
END $$;
CREATE TRIGGER event_in_order BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_in_order();
REVOKE ALL ON FUNCTION event_in_order FROM PUBLIC;
