-- Stores the answer of a claimed request for its repeats. Changes nothing when there is no open claim.
CREATE OR REPLACE FUNCTION finish_claim(p_scope text, p_product text, p_key text, p_status integer, p_body bytea,
  p_location text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  SELECT require_product(p_product);
  UPDATE idempotency SET state = 'done', status = p_status, body = p_body, location = p_location, done_at = now()
    WHERE scope = p_scope AND product = p_product AND key = p_key AND state = 'claimed';
$$;
REVOKE ALL ON FUNCTION finish_claim FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finish_claim TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
