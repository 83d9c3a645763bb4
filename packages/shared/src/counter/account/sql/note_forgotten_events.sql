-- Notes up to which number the events of an account are gone. In the order of the accounts, so that two deletions do
-- not wait for each other.
CREATE OR REPLACE FUNCTION note_forgotten_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  INSERT INTO event_forgotten AS f (account_id, feed, seq)
    SELECT g.account_id, coalesce(g.product, 'account') AS feed, max(g.seq) FROM gone g GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (account_id, feed) DO UPDATE SET seq = excluded.seq WHERE f.seq < excluded.seq;
  RETURN NULL;
END $$;
CREATE TRIGGER note_forgotten_events AFTER DELETE ON event REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
  EXECUTE FUNCTION note_forgotten_events();
REVOKE ALL ON FUNCTION note_forgotten_events FROM PUBLIC;
