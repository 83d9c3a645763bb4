-- What a node brings: all its exits, as its file has them. Addresses of the static products p_products become stock;
-- what its file no longer has is withdrawn, though its buyer keeps it. An address that another node brings,
-- which is neither retired nor has left, stays that node's. A change of exits goes to all nodes. Returns how many of
-- its addresses are another node's, and how many that it no longer brings are sold.
CREATE OR REPLACE FUNCTION register_exits(p_node text, p_exits jsonb, p_products text[], p_now timestamptz)
RETURNS TABLE (elsewhere integer, gone integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_before text;
  v_moved text[];
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('proxy exits'));
  v_before := (SELECT md5(string_agg(e::text, ',' ORDER BY e.address)) FROM node_exit e WHERE e.node_id = p_node);
  DELETE FROM node_exit e WHERE e.node_id = p_node;
  INSERT INTO node_exit (node_id, address, country, region, city, asn, product)
  SELECT DISTINCT ON (x.address) p_node, x.address, x.country, x.region, x.city, x.asn, x.product
  FROM jsonb_to_recordset(p_exits) AS x(address text, country text, region text, city text, asn int, product text);

  v_moved := ARRAY(SELECT s.network_id FROM own_stock s WHERE s.node_id <> p_node AND s.network_id IS NOT NULL
    AND s.address IN (SELECT e.address::inet FROM node_exit e WHERE e.node_id = p_node AND e.product = ANY (p_products))
    AND (NOT s.is_listed OR EXISTS (SELECT 1 FROM node n WHERE n.id = s.node_id
      AND (n.state = 'retired' OR n.left_at IS NOT NULL))));
  INSERT INTO own_stock AS s (address, node_id, product_id, country, region, city, asn, places, state)
  SELECT x.address::inet, p_node, x.product, x.country, x.region, x.city, x.asn,
    ARRAY(SELECT DISTINCT jsonb_array_elements_text(x.places)), 'free'
  FROM jsonb_to_recordset(p_exits) AS x(address text, country text, region text, city text, asn int, product text,
    places jsonb)
  WHERE x.product = ANY (p_products) ORDER BY x.address::inet
  ON CONFLICT (address) DO UPDATE SET node_id = excluded.node_id, region = excluded.region, city = excluded.city,
    asn = excluded.asn, places = excluded.places, is_listed = true,
    product_id = CASE WHEN s.network_id IS NULL THEN excluded.product_id ELSE s.product_id END,
    country = CASE WHEN s.network_id IS NULL THEN excluded.country ELSE s.country END,
    state = CASE WHEN s.state <> 'withdrawn' THEN s.state WHEN s.freed_at IS NULL THEN 'free' ELSE 'resting' END
  WHERE s.node_id = p_node OR NOT s.is_listed OR EXISTS (SELECT 1 FROM node n WHERE n.id = s.node_id
    AND (n.state = 'retired' OR n.left_at IS NOT NULL));

  UPDATE own_stock s SET is_listed = false, state = CASE WHEN s.network_id IS NULL THEN 'withdrawn' ELSE s.state END
  WHERE s.node_id = p_node AND s.is_listed AND NOT EXISTS (SELECT 1 FROM node_exit e WHERE e.node_id = p_node
    AND e.address::inet = s.address AND e.product = ANY (p_products));

  -- To the node that brings it now, and no longer to the other one.
  PERFORM 1 FROM proxy p WHERE p.network_id = ANY (v_moved) ORDER BY p.id FOR NO KEY UPDATE;
  UPDATE proxy p SET access_version = p.access_version + 1, updated_at = p_now
  WHERE p.network_id = ANY (v_moved) AND p.state = 'active';

  IF v_before IS DISTINCT FROM
    (SELECT md5(string_agg(e::text, ',' ORDER BY e.address)) FROM node_exit e WHERE e.node_id = p_node) THEN
    UPDATE access_feed SET number = number + 1, exits_number = number + 1;
  END IF;
  RETURN QUERY SELECT
    (SELECT count(*)::int FROM node_exit e JOIN own_stock s ON s.address = e.address::inet
      WHERE e.node_id = p_node AND e.product = ANY (p_products) AND s.node_id <> p_node),
    (SELECT count(*)::int FROM own_stock s WHERE s.node_id = p_node AND NOT s.is_listed AND s.network_id IS NOT NULL);
END $$;
REVOKE ALL ON FUNCTION register_exits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register_exits TO lumi_proxy;
