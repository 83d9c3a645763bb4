-- Stores how leased items ended that no order settled: failed before the hold, returned, or left to recovery. p_reports
-- is [{item, attempt, state, code, text, details}]. A lost attempt changes nothing. Returns how many items are still
-- open.
CREATE OR REPLACE FUNCTION batch_report(p_product text, p_batch_id text, p_reports jsonb, OUT waiting integer,
  OUT running integer, OUT pending integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  UPDATE batch_item i SET
      state = CASE WHEN i.order_id IS NOT NULL THEN 'pending' WHEN r.state = 'failed' THEN 'failed' ELSE 'waiting'
        END, lease_until = NULL,
      error_code = CASE WHEN i.order_id IS NULL AND r.state = 'failed' THEN r.code END,
      error_text = CASE WHEN i.order_id IS NULL AND r.state = 'failed' THEN r.text END,
      error_details = CASE WHEN i.order_id IS NULL AND r.state = 'failed' THEN r.details END,
      settled_at = CASE WHEN i.order_id IS NULL AND r.state = 'failed' THEN now() END
    FROM jsonb_to_recordset(p_reports) AS r(item integer, attempt integer, state text, code text, text text,
      details jsonb), batch b
    WHERE b.id = p_batch_id AND b.product = p_product AND i.batch_id = b.id AND i.item = r.item
      AND i.attempt = r.attempt AND i.state = 'running';
  SELECT count(*) FILTER (WHERE i.state = 'waiting'), count(*) FILTER (WHERE i.state = 'running'),
    count(*) FILTER (WHERE i.state = 'pending')
    INTO waiting, running, pending FROM batch_item i WHERE i.batch_id = p_batch_id;
END $$;
REVOKE ALL ON FUNCTION batch_report FROM PUBLIC;
GRANT EXECUTE ON FUNCTION batch_report TO lumi_domains, lumi_vps, lumi_proxy;
