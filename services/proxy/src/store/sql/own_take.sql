-- Takes addresses of nodes, each with a port of its node, for the command p_reference: for each item (country, place or
-- null, quantity) as many as there are. All of it, or nothing unless p_is_partial. No address of p_avoid (blocks); with
-- p_is_diverse no two of one subnet. Commands at once do not wait for each other; a row that one of them has is passed
-- over by the others.
CREATE OR REPLACE FUNCTION own_take(
  p_reference text, p_product text, p_items jsonb, p_avoid cidr[], p_is_partial boolean, p_is_diverse boolean,
  p_entry_host text, p_rest_s integer, p_now timestamptz
) RETURNS TABLE (network_id text, exit_ip inet, country text, city text, asn integer, host text,
  port integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_item record;
  v_node record;
  v_taken record;
  v_count integer := 0;
  v_wanted integer := 0;
  v_left integer;
  v_before integer;
  v_avoid cidr[] := p_avoid;
BEGIN
  FOR v_item IN SELECT x.* FROM jsonb_to_recordset(p_items) AS x(country text, place text, quantity integer)
  LOOP
    v_wanted := v_wanted + v_item.quantity;
    v_left := v_item.quantity;
    WHILE v_left > 0 LOOP
      v_before := v_left;
      FOR v_node IN
        WITH picked AS MATERIALIZED (
          SELECT s.address, s.node_id FROM own_stock s JOIN own_nodes(p_now) n ON n.id = s.node_id
          WHERE s.product_id = p_product AND s.country = v_item.country AND s.state IN ('free', 'resting')
            AND (s.freed_at IS NULL OR s.freed_at <= p_now - make_interval(secs => p_rest_s))
            AND (v_item.place IS NULL OR v_item.place = ANY (s.places))
            AND NOT EXISTS (SELECT 1 FROM unnest(v_avoid) AS a(block) WHERE s.address <<= a.block)
          ORDER BY s.freed_at NULLS FIRST, s.address
          -- One after the other, so that each is judged by those before it.
          LIMIT CASE WHEN p_is_diverse THEN 1 ELSE v_left END
          FOR NO KEY UPDATE OF s SKIP LOCKED)
        SELECT n.*, array_agg(p.address ORDER BY p.address) AS addresses FROM picked p JOIN node n ON n.id = p.node_id
        GROUP BY n.id ORDER BY n.id
      LOOP
        FOR v_taken IN
          WITH free AS MATERIALIZED (SELECT e.port FROM entry_port e WHERE e.network_id IS NULL
              AND e.freed_at <= p_now - interval '1 hour' AND e.port BETWEEN v_node.port_first AND v_node.port_last
            ORDER BY e.freed_at, e.port LIMIT cardinality(v_node.addresses) FOR UPDATE SKIP LOCKED),
          given AS MATERIALIZED (
            SELECT f.port, v_node.addresses[f.place] AS address,
              'own-' || p_reference || '-' || v_count + f.place AS id
            FROM (SELECT free.port, row_number() OVER (ORDER BY free.port) AS place FROM free) f),
          held AS (UPDATE entry_port e SET network_id = g.id, freed_at = NULL FROM given g WHERE e.port = g.port),
          books AS (INSERT INTO own_exit (network_id, reference, product_id, country, address, sold_at)
            SELECT g.id, p_reference, p_product, v_item.country, g.address, p_now FROM given g)
          UPDATE own_stock s SET state = 'held', network_id = g.id, exit_ip = own_exit_of(s.address) FROM given g
          WHERE s.address = g.address RETURNING s.*, g.port
        LOOP
          v_count := v_count + 1;
          v_left := v_left - 1;
          IF p_is_diverse THEN
            v_avoid := v_avoid || network(set_masklen(v_taken.address, CASE family(v_taken.address) WHEN 4 THEN 24
              ELSE 64 END))::cidr;
          END IF;
        END LOOP;
      END LOOP;
      EXIT WHEN v_left = v_before OR NOT p_is_diverse;
    END LOOP;
  END LOOP;
  IF v_count < v_wanted AND NOT (p_is_partial AND v_count > 0) THEN
    RAISE EXCEPTION 'out of stock' USING ERRCODE = 'LMOOS';
  END IF;
  RETURN QUERY SELECT s.network_id, s.exit_ip, s.country, coalesce(s.city, ''), coalesce(s.asn, 0),
    coalesce(n.entry_host, p_entry_host), p.port
  FROM own_exit e JOIN own_stock s ON s.network_id = e.network_id JOIN node n ON n.id = s.node_id
    JOIN entry_port p ON p.network_id = e.network_id
  WHERE e.reference = p_reference ORDER BY substring(e.network_id FROM '[0-9]+$')::int;
EXCEPTION WHEN SQLSTATE 'LMOOS' THEN
  RETURN; -- what was taken is undone
END $$;
REVOKE ALL ON FUNCTION own_take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_take TO lumi_proxy;
