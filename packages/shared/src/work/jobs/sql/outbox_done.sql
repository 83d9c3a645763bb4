-- Deletes jobs that the queue has taken. Returns how many.
CREATE OR REPLACE FUNCTION outbox_done(p_product text, p_ids bigint[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM assert_product(p_product);
  DELETE FROM outbox WHERE product = p_product AND id = ANY (p_ids);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION outbox_done FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox_done TO lumi_domains, lumi_vps, lumi_proxy;
