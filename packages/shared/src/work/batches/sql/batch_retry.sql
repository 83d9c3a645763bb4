-- Failed items of a finished batch (those with one of p_codes, or all) wait again, under the key that requests it.
-- Duplicates of other items stay failed. Outcomes: retried | nothing | open | not_found | invalid_key | no_account |
-- cap | balance.
CREATE OR REPLACE FUNCTION batch_retry(
  p_product text, p_account_id text, p_batch_id text, p_codes text[], p_key_id text, p_lineage_id text,
    p_operator boolean, p_default_cap bigint,
  OUT outcome text, OUT total integer, OUT retried integer
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_batch batch%ROWTYPE;
BEGIN
  PERFORM assert_product(p_product);
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND b.account_id = p_account_id
    FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'not_found';
    RETURN;
  END IF;
  outcome := batch_gate(p_account_id, p_product, p_key_id, p_lineage_id, p_operator, p_default_cap);
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  IF v_batch.finished_at IS NULL THEN
    outcome := 'open';
    RETURN;
  END IF;
  UPDATE batch_item i SET state = 'waiting', round = v_batch.round + 1, order_id = NULL, error_code = NULL,
    error_text = NULL, error_details = NULL, settled_at = NULL
    WHERE i.batch_id = p_batch_id AND i.state = 'failed' AND i.twin_of IS NULL AND (p_codes IS NULL
      OR i.error_code = ANY (p_codes));
  GET DIAGNOSTICS retried = ROW_COUNT;
  IF retried = 0 THEN
    outcome := 'nothing';
    RETURN;
  END IF;
  UPDATE batch b SET state = 'queued', round = b.round + 1, ok = NULL, failed = NULL, finished_at = NULL,
    started_at = NULL, touched_at = now(),
      key_id = p_key_id, lineage_id = p_lineage_id, is_operator = p_operator
    WHERE b.id = p_batch_id;
  PERFORM batch_wake(p_product, p_account_id);
  outcome := 'retried';
  total := v_batch.total;
END $$;
REVOKE ALL ON FUNCTION batch_retry FROM PUBLIC;
GRANT EXECUTE ON FUNCTION batch_retry TO lumi_domains, lumi_vps, lumi_proxy;
