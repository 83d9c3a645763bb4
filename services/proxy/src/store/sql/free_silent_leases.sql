-- Frees the leases of one node that has been silent since before p_before, and returns its id; null: there is none.
-- Its epoch stays open: a node that comes back with what it used before is billed for it, as far as the quota goes.
CREATE OR REPLACE FUNCTION free_silent_leases(p_before timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_epoch usage_epoch;
BEGIN
  SELECT u.* INTO v_epoch FROM usage_epoch u WHERE u.closed_at IS NULL AND u.heard_at < p_before
    AND EXISTS (SELECT 1 FROM lease e WHERE e.source = u.source AND e.epoch = u.epoch
      AND (e.granted > e.used OR e.is_short))
  ORDER BY u.source, u.epoch LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM free_leases(v_epoch.source, ARRAY[v_epoch.epoch]);
  RETURN v_epoch.source;
END $$;
REVOKE ALL ON FUNCTION free_silent_leases FROM PUBLIC;
GRANT EXECUTE ON FUNCTION free_silent_leases TO lumi_proxy;
