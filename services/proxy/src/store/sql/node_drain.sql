-- A node takes no new connections and ends the others within p_drain_s; its process learns it with the next exchange.
-- Returns the state before; null: there is no such node. A retired node stays retired.
CREATE OR REPLACE FUNCTION node_drain(p_id text, p_drain_s integer, p_now timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_state text;
BEGIN
  SELECT state INTO v_state FROM node WHERE id = p_id FOR UPDATE;
  UPDATE node SET state = 'draining', drain_s = p_drain_s, drain_at = p_now WHERE id = p_id AND state <> 'retired';
  RETURN v_state;
END $$;
REVOKE ALL ON FUNCTION node_drain FROM PUBLIC;
GRANT EXECUTE ON FUNCTION node_drain TO lumi_admin;
