-- Makes staged jobs that the queue did not take due again; otherwise they would wait for the end of the failed relay's
-- lease, although the queue is up again. Not at once, or every relay would try the same rows again and again while the
-- queue is down.
CREATE OR REPLACE FUNCTION outbox_return(p_product text, p_ids bigint[], p_after_ms integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM assert_product(p_product);
  UPDATE outbox SET taken_until = least(taken_until, now() + make_interval(secs => p_after_ms / 1000.0))
    WHERE product = p_product AND id = ANY (p_ids);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION outbox_return FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox_return TO lumi_domains, lumi_vps, lumi_proxy;
