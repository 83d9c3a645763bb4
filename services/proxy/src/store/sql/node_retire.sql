-- A node is let in no more, and what it held is free again. The feed's number grows, so that a question of it that
-- waits for a change is refused at once. Returns the state before; null: there is no such node.
CREATE OR REPLACE FUNCTION node_retire(p_id text, p_now timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_node node;
BEGIN
  SELECT * INTO v_node FROM node WHERE id = p_id FOR UPDATE;
  IF v_node.state <> 'retired' THEN
    UPDATE node SET state = 'retired', retired_at = p_now, connections = 0, bytes_per_s = 0 WHERE id = p_id;
    UPDATE access_feed SET number = number + 1;
    PERFORM close_epochs(p_id, v_node.epoch + 1, p_now);
  END IF;
  RETURN v_node.state;
END $$;
REVOKE ALL ON FUNCTION node_retire FROM PUBLIC;
GRANT EXECUTE ON FUNCTION node_retire TO lumi_admin;
