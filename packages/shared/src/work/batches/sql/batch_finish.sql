-- Final once no item is open; counts, event and (inline) the stored answer in one statement. False: not yet, or
-- already.
CREATE OR REPLACE FUNCTION batch_finish(p_product text, p_batch_id text, p_status integer, p_body bytea,
  p_event_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_batch batch%ROWTYPE;
  v_ok integer;
  v_failed integer;
BEGIN
  PERFORM assert_product(p_product);
  SELECT b.* INTO v_batch FROM batch b WHERE b.id = p_batch_id AND b.product = p_product AND b.finished_at IS NULL FOR
    UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  SELECT count(*) FILTER (WHERE i.state = 'ok'), count(*) FILTER (WHERE i.state = 'failed') INTO v_ok, v_failed
    FROM batch_item i WHERE i.batch_id = p_batch_id;
  IF v_ok + v_failed <> v_batch.total THEN
    RETURN false;
  END IF;
  UPDATE batch b SET state = CASE WHEN b.state = 'cancelling' THEN 'cancelled' ELSE 'completed'
    END, ok = v_ok, failed = v_failed, finished_at = now(), touched_at = now()
    WHERE b.id = p_batch_id RETURNING b.* INTO v_batch;
  IF v_batch.form = 'inline' THEN
    PERFORM finish_claim(v_batch.idem_scope, v_batch.product, v_batch.idem_key, p_status, p_body, NULL);
  END IF;
  INSERT INTO event (id, account_id, product, type, subject, data)
    VALUES (p_event_id, v_batch.account_id, v_batch.product, 'batch.finished', v_batch.id,
            jsonb_build_object('batch_id', v_batch.id, 'kind', v_batch.kind, 'status', v_batch.state, 'total',
              v_batch.total, 'ok', v_ok, 'failed', v_failed));
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION batch_finish FROM PUBLIC;
GRANT EXECUTE ON FUNCTION batch_finish TO lumi_domains, lumi_vps, lumi_proxy;
