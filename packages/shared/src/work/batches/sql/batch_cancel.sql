-- Items that have not started fail; those under way end normally. p_account_id null: an operator, for any account.
-- Outcomes: cancelling | finished | not_found.
CREATE OR REPLACE FUNCTION batch_cancel(p_product text, p_account_id text, p_batch_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_batch batch%ROWTYPE;
BEGIN
  PERFORM assert_product(p_product);
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND (p_account_id IS NULL
    OR b.account_id = p_account_id) FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'not_found';
  END IF;
  IF v_batch.finished_at IS NOT NULL THEN
    RETURN 'finished';
  END IF;
  UPDATE batch b SET state = 'cancelling', touched_at = now() WHERE b.id = p_batch_id;
  UPDATE batch_item i SET state = 'failed', error_code = 'skipped', error_text = 'Cancelled before it was started.',
    settled_at = now() WHERE i.batch_id = p_batch_id AND i.state = 'waiting';
  PERFORM batch_wake(v_batch.product, v_batch.account_id);
  RETURN 'cancelling';
END $$;
REVOKE ALL ON FUNCTION batch_cancel FROM PUBLIC;
GRANT EXECUTE ON FUNCTION batch_cancel TO lumi_domains, lumi_vps, lumi_proxy;
