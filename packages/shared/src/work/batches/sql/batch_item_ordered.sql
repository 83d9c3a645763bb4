-- An order for an item of a batch is accepted only from the worker that holds the item now, and for the product of the
-- batch; the claim's key, which is <batch>/<item>/<attempt>, ends with its attempt. Its price counts against the
-- batch's max_total.
CREATE OR REPLACE FUNCTION batch_item_ordered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = platform, pg_temp AS $$
BEGIN
  UPDATE batch_item i SET order_id = NEW.id
    WHERE i.batch_id = NEW.batch_id AND i.item = NEW.batch_item AND i.state = 'running' AND i.order_id IS NULL
      AND i.attempt = split_part(NEW.idem_key, '/', 3)::integer
      AND EXISTS (SELECT 1 FROM batch b WHERE b.id = NEW.batch_id AND b.product = NEW.product);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'an order of a lost attempt violates constraint "batch_item_fence"'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_item_fence';
  END IF;
  UPDATE batch SET spent = spent + NEW.price WHERE id = NEW.batch_id AND max_total IS NOT NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER batch_item_ordered BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.batch_id IS NOT NULL)
  EXECUTE FUNCTION batch_item_ordered();
REVOKE ALL ON FUNCTION batch_item_ordered FROM PUBLIC;
