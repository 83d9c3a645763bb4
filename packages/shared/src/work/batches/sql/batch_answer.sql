-- The caller of an inline bulk has waited long enough: its answer is stored, with items that are still pending, and the
-- worker continues the batch. False: it was finished meanwhile, and its answer is already stored.
CREATE OR REPLACE FUNCTION batch_answer(p_product text, p_batch_id text, p_status integer, p_body bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_batch batch%ROWTYPE;
BEGIN
  PERFORM assert_product(p_product);
  UPDATE batch b SET form = 'queued' WHERE b.id = p_batch_id AND b.product = p_product AND b.form = 'inline'
    AND b.finished_at IS NULL RETURNING b.* INTO v_batch;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM finish_claim(v_batch.idem_scope, v_batch.product, v_batch.idem_key, p_status, p_body, NULL);
  PERFORM batch_wake(v_batch.product, v_batch.account_id);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION batch_answer FROM PUBLIC;
GRANT EXECUTE ON FUNCTION batch_answer TO lumi_domains, lumi_vps, lumi_proxy;
