-- The end of a purchase: capture (completely, or in part with p_delivered) or release (p_charge null), the order's
-- final state, the stored answer and the events, in one statement. The surrounding statement writes the product's own
-- rows. Money that is not charged returns to the balance and to the day's cap. A caller whose attempt is not the
-- current one is fenced: settled = false and nothing changed.
CREATE OR REPLACE FUNCTION purchase_settle(
  p_order_id text, p_attempt integer, p_charge bigint, p_delivered jsonb, p_transfer_id text, p_description text,
  p_status integer, p_body bytea, p_location text, p_result jsonb, p_refusal_code text, p_refusal_text text,
    p_supplier_ref text, p_settled_at timestamptz, p_events jsonb,
  OUT settled boolean, OUT account_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_order orders%ROWTYPE;
BEGIN
  UPDATE orders o SET
      state = CASE WHEN p_charge IS NULL THEN 'released' ELSE 'captured' END,
      charged = p_charge, delivered = p_delivered, result = p_result, refusal_code = p_refusal_code,
        refusal_text = p_refusal_text,
      supplier_ref = coalesce(p_supplier_ref, o.supplier_ref), wake_at = NULL, stuck_since = NULL,
        settled_at = p_settled_at
    WHERE o.id = p_order_id AND o.attempt = p_attempt AND o.settled_at IS NULL
      AND acts_for(o.product)
    RETURNING o.* INTO v_order;
  settled := FOUND;
  IF NOT settled THEN
    RETURN;
  END IF;
  account_id := v_order.account_id;
  PERFORM post_transfer(p_transfer_id, 'charge', v_order.account_id, 'house:sales:' || v_order.product,
    -coalesce(p_charge, 0), v_order.price,
                        v_order.product, v_order.id, NULL, v_order.key_id, v_order.idem_key, p_description);
  IF v_order.cap_day IS NOT NULL AND v_order.price > coalesce(p_charge, 0) THEN
    UPDATE daily_spend SET spent = spent - (v_order.price - coalesce(p_charge, 0)) WHERE lineage_id = v_order.lineage_id
      AND day = v_order.cap_day;
  END IF;
  IF v_order.idem_key IS NOT NULL THEN
    PERFORM finish_claim(v_order.idem_scope, v_order.product, v_order.idem_key, p_status, p_body, p_location);
  END IF;
  IF p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data, actor)
      SELECT e.id, v_order.account_id, v_order.product, e.type, e.subject, e.data, nullif(v_order.key_id, 'system')
      FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
END $$;
REVOKE ALL ON FUNCTION purchase_settle FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purchase_settle TO lumi_domains, lumi_vps, lumi_proxy;
