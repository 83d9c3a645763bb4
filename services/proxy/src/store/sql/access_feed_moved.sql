-- The feed's number has grown: processes in which nodes wait for it listen on lumi_access. The payload is empty.
CREATE OR REPLACE FUNCTION access_feed_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('lumi_access', '');
  RETURN NULL;
END $$;
CREATE TRIGGER access_feed_moved AFTER UPDATE ON access_feed FOR EACH ROW WHEN (NEW.number > OLD.number)
  EXECUTE FUNCTION access_feed_moved();
REVOKE ALL ON FUNCTION access_feed_moved FROM PUBLIC;
