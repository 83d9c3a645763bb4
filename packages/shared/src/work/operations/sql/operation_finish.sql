-- Done (p_error_code null) or failed, with the events, in the statement that writes the product's own rows. A caller
-- whose attempt is not the current one is fenced: finished = false and nothing changed.
CREATE OR REPLACE FUNCTION operation_finish(
  p_id text, p_attempt integer, p_result jsonb, p_error_code text, p_error_text text, p_supplier_ref text,
    p_finished_at timestamptz, p_events jsonb,
  OUT finished boolean, OUT account_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_operation operation%ROWTYPE;
BEGIN
  UPDATE operation o SET
      state = CASE WHEN p_error_code IS NULL THEN 'done' ELSE 'failed' END, progress = CASE WHEN p_error_code IS NULL
        THEN 100 ELSE o.progress END,
      result = p_result, error_code = p_error_code, error_text = p_error_text, supplier_ref = coalesce(p_supplier_ref,
        o.supplier_ref),
      waiting_for = NULL, wake_at = NULL, stuck_since = NULL, finished_at = p_finished_at
    WHERE o.id = p_id AND o.attempt = p_attempt AND o.state = 'running' AND acts_for(o.product)
    RETURNING o.* INTO v_operation;
  finished := FOUND;
  IF NOT finished THEN
    RETURN;
  END IF;
  account_id := v_operation.account_id;
  IF p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data)
      SELECT e.id, v_operation.account_id, v_operation.product, e.type, e.subject, e.data
      FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
END $$;
REVOKE ALL ON FUNCTION operation_finish FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operation_finish TO lumi_domains, lumi_vps, lumi_proxy;
