-- Deletes at most p_limit secrets whose operation (or order) ended a day ago or does not exist, and returns how many.
-- While the operation runs, the supplier needs the secret, and it is never deleted.
CREATE OR REPLACE FUNCTION operation_secret_forget(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_before timestamptz := now() - kept_for('operation secret');
  v_count  integer;
BEGIN
  DELETE FROM operation_secret WHERE operation_id IN (
    SELECT s.operation_id FROM operation_secret s
    LEFT JOIN operation o ON o.id = s.operation_id
    LEFT JOIN orders d ON d.id = 'ord_' || substr(s.operation_id, 4)
    WHERE s.created_at < v_before AND acts_for(s.product)
      AND (o.finished_at < v_before OR d.settled_at < v_before OR (o.id IS NULL AND d.id IS NULL))
    ORDER BY s.created_at LIMIT p_limit);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION operation_secret_forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operation_secret_forget TO lumi_domains, lumi_vps, lumi_proxy;
