-- One order is found by its id. With the states of open orders in the condition the planner may take an index of the open ones instead, which looks as
-- good while it knows of few, and then reads every open order for each purchase. Not settled and open are the same (a check of the table).
-- For the same reason the index of what is due begins with the time: for "is this name being bought?" there is only the unique index left.
DROP INDEX orders_due;
CREATE INDEX orders_due ON orders (wake_at, product) WHERE state IN ('acting', 'pending');

CREATE OR REPLACE FUNCTION purchase_settle(
  p_order_id text, p_attempt integer, p_charge bigint, p_transfer_id text, p_description text,
  p_status integer, p_body bytea, p_location text, p_result jsonb, p_refusal_code text, p_refusal_text text, p_supplier_ref text, p_settled_at timestamptz, p_events jsonb,
  OUT settled boolean, OUT account_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_order orders%ROWTYPE;
BEGIN
  UPDATE orders o SET
      state = CASE WHEN p_charge IS NULL THEN 'released' ELSE 'captured' END,
      charged = p_charge, result = p_result, refusal_code = p_refusal_code, refusal_text = p_refusal_text,
      supplier_ref = coalesce(p_supplier_ref, o.supplier_ref), wake_at = NULL, stuck_since = NULL, settled_at = p_settled_at
    WHERE o.id = p_order_id AND o.attempt = p_attempt AND o.settled_at IS NULL
      AND (session_user = 'lumi_' || o.product OR session_user = current_user)
    RETURNING o.* INTO v_order;
  settled := FOUND;
  IF NOT settled THEN
    RETURN;
  END IF;
  account_id := v_order.account_id;
  PERFORM post_transfer(p_transfer_id, 'charge', v_order.account_id, 'house:sales:' || v_order.product, -coalesce(p_charge, 0), v_order.price,
                        v_order.product, v_order.id, NULL, v_order.key_id, v_order.idem_key, p_description);
  IF v_order.cap_day IS NOT NULL AND v_order.price > coalesce(p_charge, 0) THEN
    UPDATE daily_spend SET spent = spent - (v_order.price - coalesce(p_charge, 0)) WHERE lineage_id = v_order.lineage_id AND day = v_order.cap_day;
  END IF;
  IF v_order.idem_key IS NOT NULL THEN
    PERFORM finish_claim(v_order.idem_scope, v_order.product, v_order.idem_key, p_status, p_body, p_location);
  END IF;
  IF p_events IS NOT NULL THEN
    INSERT INTO event (id, account_id, product, type, subject, data)
      SELECT e.id, v_order.account_id, v_order.product, e.type, e.subject, e.data
      FROM jsonb_to_recordset(p_events) AS e(id text, type text, subject text, data jsonb);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION purchase_postpone(p_order_id text, p_attempt integer, p_state text, p_supplier_ref text, p_wake_after_ms integer, p_stuck boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE orders o SET state = p_state, supplier_ref = coalesce(p_supplier_ref, o.supplier_ref), wake_at = now() + make_interval(secs => p_wake_after_ms / 1000.0),
      stuck_since = CASE WHEN p_stuck THEN coalesce(o.stuck_since, now()) ELSE o.stuck_since END
    WHERE o.id = p_order_id AND o.attempt = p_attempt AND o.settled_at IS NULL
      AND (session_user = 'lumi_' || o.product OR session_user = current_user);
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION order_seize(p_product text, p_order_id text, p_lease_ms integer) RETURNS SETOF orders
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  RETURN QUERY
    UPDATE orders o SET attempt = o.attempt + 1, wake_at = now() + make_interval(secs => p_lease_ms / 1000.0)
    WHERE o.id = p_order_id AND o.product = p_product AND o.settled_at IS NULL RETURNING o.*;
END $$;
