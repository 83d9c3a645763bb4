-- Closes the epochs of a source before p_before, each the life of one process: nothing more is taken from them, and
-- what they had not used is free again. Returns how many bytes that were. Closed once, closed for ever.
CREATE OR REPLACE FUNCTION close_epochs(p_source text, p_before integer, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_epochs integer[];
  v_freed bigint;
BEGIN
  v_epochs := ARRAY(SELECT e.epoch FROM usage_epoch e WHERE e.source = p_source AND e.epoch < p_before
    AND e.closed_at IS NULL ORDER BY e.epoch FOR NO KEY UPDATE);
  v_freed := free_leases(p_source, v_epochs);
  DELETE FROM lease e WHERE e.source = p_source AND e.epoch = ANY (v_epochs);
  UPDATE usage_epoch e SET closed_at = p_now WHERE e.source = p_source AND e.epoch = ANY (v_epochs);
  RETURN v_freed;
END $$;
REVOKE ALL ON FUNCTION close_epochs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION close_epochs TO lumi_proxy;
