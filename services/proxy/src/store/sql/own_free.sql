-- What can be sold now of a product: addresses that their node brings and that nobody has, of nodes that serve and were
-- heard of within 15 seconds. One that was given up rests for p_rest_s.
CREATE OR REPLACE FUNCTION own_free(p_product text, p_rest_s integer, p_now timestamptz) RETURNS SETOF own_stock
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
  SELECT s.* FROM own_stock s JOIN own_nodes(p_now) n ON n.id = s.node_id
  WHERE s.product_id = p_product AND s.state IN ('free', 'resting')
    AND (s.freed_at IS NULL OR s.freed_at <= p_now - make_interval(secs => p_rest_s))
$$;
REVOKE ALL ON FUNCTION own_free FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_free TO lumi_proxy;
