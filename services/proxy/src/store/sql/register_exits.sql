-- What a node brings: all its exits, as its file has them. Addresses of the static products p_products become stock;
-- what its file no longer has is withdrawn, though its buyer keeps it. An address that another node brings, which is
-- neither retired nor has left, stays that node's. A change of exits goes to all nodes. Rows that are as they were are
-- not written, so that they can be sold meanwhile. Returns how many of its addresses are another node's, and how many
-- that it no longer brings are sold. Without nested loops: nothing is known of the sizes of what it joins.
CREATE OR REPLACE FUNCTION register_exits(p_node text, p_exits jsonb, p_products text[], p_now timestamptz)
RETURNS TABLE (elsewhere integer, gone integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp SET enable_nestloop = off AS $$
DECLARE
  v_moved text[];
  v_is_new boolean := false;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('proxy exits'));
  IF (SELECT md5(string_agg((e.address, e.country, e.region, e.city, e.asn, e.product)::text, ',' ORDER BY e.address))
      FROM node_exit e WHERE e.node_id = p_node) IS DISTINCT FROM
    (SELECT md5(string_agg((x.address, x.country, x.region, x.city, x.asn, x.product)::text, ',' ORDER BY x.address))
      FROM jsonb_to_recordset(p_exits) AS x(address text, country text, region text, city text, asn int, product text))
  THEN
    DELETE FROM node_exit e WHERE e.node_id = p_node;
    INSERT INTO node_exit (node_id, address, country, region, city, asn, product)
    SELECT DISTINCT ON (x.address) p_node, x.address, x.country, x.region, x.city, x.asn, x.product
    FROM jsonb_to_recordset(p_exits) AS x(address text, country text, region text, city text, asn int, product text);
    v_is_new := true;
  END IF;

  v_moved := ARRAY(SELECT s.network_id FROM node_exit e JOIN own_stock s ON s.address = e.address::inet
    WHERE e.node_id = p_node AND e.product = ANY (p_products) AND s.network_id IS NOT NULL AND s.node_id <> p_node
      AND (NOT s.is_listed OR s.node_id IN (SELECT n.id FROM node n WHERE n.state = 'retired'
        OR n.left_at IS NOT NULL)));

  WITH brought AS MATERIALIZED (
    SELECT DISTINCT ON (x.address) x.address::inet AS address, x.product, x.country, x.region, x.city, x.asn,
      ARRAY(SELECT DISTINCT p FROM jsonb_array_elements_text(x.places) AS p ORDER BY p) AS places
    FROM jsonb_to_recordset(p_exits) AS x(address text, country text, region text, city text, asn int, product text,
      places jsonb)
    WHERE x.product = ANY (p_products) ORDER BY x.address
  )
  INSERT INTO own_stock AS s (address, node_id, product_id, country, region, city, asn, places, state)
  SELECT b.address, p_node, b.product, b.country, b.region, b.city, b.asn, b.places, 'free'
  FROM brought b LEFT JOIN own_stock o ON o.address = b.address
  WHERE o.address IS NULL
    OR (o.node_id, o.region, o.city, o.asn, o.places, o.is_listed)
      IS DISTINCT FROM (p_node, b.region, b.city, b.asn, b.places, true)
    OR (o.network_id IS NULL AND (o.product_id, o.country) IS DISTINCT FROM (b.product, b.country))
  ORDER BY b.address
  ON CONFLICT (address) DO UPDATE SET node_id = excluded.node_id, region = excluded.region, city = excluded.city,
    asn = excluded.asn, places = excluded.places, is_listed = true,
    product_id = CASE WHEN s.network_id IS NULL THEN excluded.product_id ELSE s.product_id END,
    country = CASE WHEN s.network_id IS NULL THEN excluded.country ELSE s.country END,
    state = CASE WHEN s.state <> 'withdrawn' THEN s.state WHEN s.freed_at IS NULL THEN 'free' ELSE 'resting' END
  WHERE s.node_id = p_node OR NOT s.is_listed OR s.node_id IN (SELECT n.id FROM node n WHERE n.state = 'retired'
    OR n.left_at IS NOT NULL);

  UPDATE own_stock s SET is_listed = false, state = CASE WHEN s.network_id IS NULL THEN 'withdrawn' ELSE s.state END
  WHERE s.node_id = p_node AND s.is_listed AND NOT EXISTS (SELECT 1 FROM node_exit e WHERE e.node_id = p_node
    AND e.address::inet = s.address AND e.product = ANY (p_products));

  -- To the node that brings it now, and no longer to the other one.
  PERFORM 1 FROM proxy p WHERE p.network_id = ANY (v_moved) ORDER BY p.id FOR NO KEY UPDATE;
  UPDATE proxy p SET access_version = p.access_version + 1, updated_at = p_now
  WHERE p.network_id = ANY (v_moved) AND p.state = 'active';

  -- After the rows of proxies, as wherever both are locked.
  IF v_is_new THEN
    UPDATE access_feed SET number = number + 1, exits_number = number + 1;
  END IF;
  RETURN QUERY SELECT
    (SELECT count(*)::int FROM node_exit e JOIN own_stock s ON s.address = e.address::inet
      WHERE e.node_id = p_node AND e.product = ANY (p_products) AND s.node_id <> p_node),
    (SELECT count(*)::int FROM own_stock s WHERE s.node_id = p_node AND NOT s.is_listed AND s.network_id IS NOT NULL);
END $$;
REVOKE ALL ON FUNCTION register_exits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register_exits TO lumi_proxy;
