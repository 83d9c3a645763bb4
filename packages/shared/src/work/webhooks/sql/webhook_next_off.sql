-- Switches off the next endpoint of the product that is to be (see webhook_note). Returns false when there is none.
CREATE OR REPLACE FUNCTION webhook_next_off(p_product text, p_event_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_id text;
  v_reason text;
BEGIN
  PERFORM require_product(p_product);
  SELECT w.id, w.disabling INTO v_id, v_reason FROM webhook w WHERE w.product = p_product AND w.disabling IS NOT NULL
    LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF v_id IS NULL THEN
    RETURN false;
  END IF;
  PERFORM webhook_switch_off(p_product, v_id, v_reason, p_event_id);
  UPDATE webhook SET disabling = NULL WHERE id = v_id; -- it was switched off meanwhile
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION webhook_next_off FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_next_off TO lumi_domains, lumi_vps, lumi_proxy;
