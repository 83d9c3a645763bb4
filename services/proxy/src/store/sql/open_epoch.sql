-- A process of a node begins: the next epoch, after all earlier ones are closed. Returns its number.
CREATE OR REPLACE FUNCTION open_epoch(p_node text, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_epoch integer;
BEGIN
  UPDATE node SET epoch = epoch + 1 WHERE id = p_node RETURNING epoch INTO v_epoch;
  PERFORM close_epochs(p_node, v_epoch, p_now);
  INSERT INTO usage_epoch (source, epoch, opened_at, heard_at) VALUES (p_node, v_epoch, p_now, p_now);
  RETURN v_epoch;
END $$;
REVOKE ALL ON FUNCTION open_epoch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_epoch TO lumi_proxy;
