-- The end of an item's order is the end of the item, in the same transaction, for every caller that settles it: worker,
-- recovery or operator.
CREATE OR REPLACE FUNCTION batch_item_settled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = platform, pg_temp AS $$
DECLARE
  v_item batch_item%ROWTYPE;
  v_error jsonb;
BEGIN
  SELECT i.* INTO v_item FROM batch_item i
    WHERE i.batch_id = split_part(NEW.key, '/', 1) AND i.item = split_part(NEW.key, '/', 2)::integer
      AND i.order_id = NEW.subject AND EXISTS (SELECT 1 FROM batch b WHERE b.id = i.batch_id
        AND b.product = NEW.product) AND i.state IN ('running', 'pending') FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF NEW.status >= 400 THEN
    v_error := convert_from(NEW.body, 'UTF8')::jsonb->'error';
  END IF;
  UPDATE batch_item i SET state = CASE WHEN v_error IS NULL THEN 'ok' ELSE 'failed'
    END, lease_until = NULL, settled_at = NEW.done_at,
      result = CASE WHEN v_error IS NULL THEN convert_from(NEW.body, 'UTF8') END,
      error_code = v_error->>'code', error_text = v_error->>'message', error_details = v_error->'details'
    WHERE i.batch_id = v_item.batch_id AND i.item = v_item.item;
  UPDATE batch b SET spent = b.spent - (SELECT o.price - coalesce(o.charged, 0) FROM orders o WHERE o.id = NEW.subject)
    WHERE b.id = v_item.batch_id AND b.max_total IS NOT NULL;
  -- No caller waits for a pending item, so a worker must check whether the batch is finished or may continue.
  IF v_item.state = 'pending' THEN
    PERFORM batch_wake(b.product, b.account_id) FROM batch b WHERE b.id = v_item.batch_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER batch_item_settled AFTER UPDATE OF state ON idempotency FOR EACH ROW
  WHEN (NEW.scope = 'batch' AND NEW.state = 'done' AND OLD.state = 'claimed') EXECUTE FUNCTION batch_item_settled();
REVOKE ALL ON FUNCTION batch_item_settled FROM PUBLIC;
