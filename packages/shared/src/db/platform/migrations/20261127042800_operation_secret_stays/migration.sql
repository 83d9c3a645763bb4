-- A secret that an operation made may be read again for a day after the operation has ended, or until its owner has it forgotten: an answer that was
-- lost on the way takes nothing away. As long as the operation runs it is needed for the supplier and never goes.
DROP FUNCTION operation_secret_take(text, text, text, text);
ALTER TABLE operation_secret DROP COLUMN taken_at, DROP COLUMN taken_by;

CREATE FUNCTION operation_secret_wipe(p_operation_id text, p_account_id text, p_product text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  IF session_user <> 'lumi_' || p_product AND session_user <> current_user THEN
    RAISE EXCEPTION 'role % may not wipe secrets of product %', session_user, p_product USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM operation_secret WHERE operation_id = p_operation_id AND account_id = p_account_id AND product = p_product;
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION operation_secret_forget(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_before timestamptz := now() - interval '24 hours';
  v_count  integer;
BEGIN
  DELETE FROM operation_secret WHERE operation_id IN (
    SELECT s.operation_id FROM operation_secret s
    LEFT JOIN operation o ON o.id = s.operation_id
    LEFT JOIN orders d ON d.id = 'ord_' || substr(s.operation_id, 4)
    WHERE s.created_at < v_before AND (session_user = 'lumi_' || s.product OR session_user = current_user)
      AND (o.finished_at < v_before OR d.settled_at < v_before OR (o.id IS NULL AND d.id IS NULL))
    ORDER BY s.created_at LIMIT p_limit);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

REVOKE ALL ON FUNCTION operation_secret_wipe FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operation_secret_wipe TO lumi_domains, lumi_vps, lumi_proxy;
