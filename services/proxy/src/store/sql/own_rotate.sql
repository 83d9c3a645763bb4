-- Gives a proxy another address: of its IPv6 block, or another one of the same product and country at the same node,
-- because its entry is there. The old one rests. No row: it has none that is brought, or there is no other.
CREATE OR REPLACE FUNCTION own_rotate(p_network_id text, p_rest_s integer, p_now timestamptz)
RETURNS TABLE (is_there boolean, old_ip inet, exit_ip inet, country text, city text, asn integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_old own_stock;
  v_new own_stock;
BEGIN
  SELECT * INTO v_old FROM own_stock s WHERE s.network_id = p_network_id AND s.is_listed FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF family(v_old.address) = 6 AND masklen(v_old.address) = 64 THEN
    v_new := v_old;
    WHILE v_new.exit_ip = v_old.exit_ip LOOP
      v_new.exit_ip := own_exit_of(v_old.address);
    END LOOP;
    UPDATE own_stock s SET exit_ip = v_new.exit_ip WHERE s.address = v_old.address;
  ELSE
    SELECT s.* INTO v_new FROM own_stock s JOIN own_nodes(p_now) n ON n.id = s.node_id
    WHERE s.node_id = v_old.node_id AND s.product_id = v_old.product_id AND s.country = v_old.country
      AND s.state IN ('free', 'resting')
      AND (s.freed_at IS NULL OR s.freed_at <= p_now - make_interval(secs => p_rest_s))
    ORDER BY s.freed_at NULLS FIRST, s.address LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN QUERY SELECT false, NULL::inet, NULL::inet, NULL::text, NULL::text, NULL::int;
      RETURN;
    END IF;
    UPDATE own_stock s SET state = 'resting', network_id = NULL, exit_ip = NULL, freed_at = p_now
    WHERE s.address = v_old.address;
    UPDATE own_stock s SET state = v_old.state, network_id = p_network_id, exit_ip = s.address
    WHERE s.address = v_new.address;
    UPDATE own_exit e SET address = v_new.address WHERE e.network_id = p_network_id;
    v_new.exit_ip := v_new.address;
  END IF;
  RETURN QUERY SELECT true, v_old.exit_ip, v_new.exit_ip, v_new.country, coalesce(v_new.city, ''),
    coalesce(v_new.asn, 0);
END $$;
REVOKE ALL ON FUNCTION own_rotate FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_rotate TO lumi_proxy;
