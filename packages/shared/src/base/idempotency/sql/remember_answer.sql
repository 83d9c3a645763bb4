-- Stores the answer of a guarded request after its effect. The effect may happen again without harm, so no claim is
-- open meanwhile that a crash could leave behind. The first answer under a key stays.
CREATE OR REPLACE FUNCTION remember_answer(p_scope text, p_product text, p_key text, p_fingerprint bytea,
  p_request_id text, p_status integer, p_body bytea, p_location text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM assert_product(p_product);
  INSERT INTO idempotency (scope, product, key, fingerprint, state, request_id, status, body, location, done_at)
    VALUES (p_scope, p_product, p_key, p_fingerprint, 'done', p_request_id, p_status, p_body, p_location, now())
      ON CONFLICT DO NOTHING;
END $$;
REVOKE ALL ON FUNCTION remember_answer FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remember_answer TO lumi_domains, lumi_vps, lumi_proxy;
