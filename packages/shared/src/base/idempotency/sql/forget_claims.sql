-- Deletes finished claims of the caller's product after `kept_for('claim')`, oldest first, and the bodies of sealed
-- answers after `kept_for('sealed answer')`, at most p_limit of each; claims that are not finished never. Returns the
-- larger of the two counts.
CREATE OR REPLACE FUNCTION forget_claims(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_emptied integer;
  v_deleted integer;
BEGIN
  WITH due AS MATERIALIZED (SELECT ctid FROM idempotency WHERE sealed AND body <> ''
    AND done_at < now() - kept_for('sealed answer') AND acts_for(product) ORDER BY done_at LIMIT p_limit
    FOR UPDATE SKIP LOCKED)
  UPDATE idempotency i SET body = '' FROM due WHERE i.ctid = due.ctid;
  GET DIAGNOSTICS v_emptied = ROW_COUNT;
  WITH due AS MATERIALIZED (SELECT ctid FROM idempotency WHERE state = 'done' AND done_at < now() - kept_for('claim')
    AND acts_for(product) ORDER BY done_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  DELETE FROM idempotency i USING due WHERE i.ctid = due.ctid;
  GET DIAGNOSTICS v_deleted = ROW_COUNT;
  RETURN greatest(v_emptied, v_deleted);
END $$;
REVOKE ALL ON FUNCTION forget_claims FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_claims TO lumi_domains, lumi_vps, lumi_proxy;
