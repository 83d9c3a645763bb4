-- What these have is given up: it rests, or is withdrawn where no node brings it. Their ports rest too. What was given
-- up before stays as it is.
CREATE OR REPLACE FUNCTION own_give_up(p_network_ids text[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
BEGIN
  UPDATE entry_port SET network_id = NULL, freed_at = p_now WHERE network_id = ANY (p_network_ids);
  WITH due AS MATERIALIZED (SELECT s.address FROM own_stock s WHERE s.network_id = ANY (p_network_ids)
    ORDER BY s.address FOR NO KEY UPDATE)
  UPDATE own_stock s SET state = CASE WHEN s.is_listed THEN 'resting' ELSE 'withdrawn' END, network_id = NULL,
    exit_ip = NULL, freed_at = p_now FROM due WHERE s.address = due.address;
END $$;
REVOKE ALL ON FUNCTION own_give_up FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_give_up TO lumi_proxy;
