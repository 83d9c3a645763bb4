-- Stores an answer that contains a secret: a key, or the URL of an export link. p_body is sealed, and deleted after a
-- day (see forget_claims); after that a repeat learns only that the request was answered.
CREATE OR REPLACE FUNCTION finish_claim_sealed(p_scope text, p_product text, p_key text, p_status integer, p_body bytea)
  RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  UPDATE idempotency SET state = 'done', status = p_status, body = p_body, sealed = true, done_at = now()
    WHERE scope = p_scope AND product = p_product AND key = p_key AND state = 'claimed';
END $$;
REVOKE ALL ON FUNCTION finish_claim_sealed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finish_claim_sealed TO lumi_proxy, lumi_admin;
