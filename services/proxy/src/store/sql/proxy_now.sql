-- A proxy's row as it is at this moment, locked. A statement that also updates the row may call it before or after
-- that: each call reads anew, so it waits for another transaction's change of the row and has it.
CREATE OR REPLACE FUNCTION proxy_now(p_id text) RETURNS SETOF proxy LANGUAGE sql VOLATILE
  SET search_path = proxy, pg_temp AS $$
  SELECT * FROM proxy WHERE id = p_id FOR NO KEY UPDATE
$$;
REVOKE ALL ON FUNCTION proxy_now FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proxy_now TO lumi_proxy;
