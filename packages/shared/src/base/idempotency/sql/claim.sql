-- Claims an idempotency key for an effect other than a purchase. The caller commits claim and effect together and ends
-- with finish_claim. Outcomes: claimed | replay (with the stored answer) | in_progress | reused (the same key with
-- another request) | invalid_key.
CREATE OR REPLACE FUNCTION claim(
  p_scope text, p_product text, p_key text, p_fingerprint bytea, p_request_id text, p_key_id text, p_subject text,
  OUT outcome text, OUT status integer, OUT body bytea, OUT location text, OUT first_request_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_claim idempotency%ROWTYPE;
BEGIN
  PERFORM require_product(p_product);
  IF NOT key_is_good(p_key_id, p_product) THEN
    outcome := 'invalid_key';
    RETURN;
  END IF;
  INSERT INTO idempotency (scope, product, key, fingerprint, state, subject, request_id)
    VALUES (p_scope, p_product, p_key, p_fingerprint, 'claimed', p_subject, p_request_id) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    outcome := 'claimed';
    RETURN;
  END IF;
  SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_scope AND i.product = p_product AND i.key = p_key;
  outcome := CASE WHEN v_claim.fingerprint IS DISTINCT FROM p_fingerprint THEN 'reused' WHEN v_claim.state = 'done'
    THEN 'replay' ELSE 'in_progress' END;
  IF outcome = 'replay' THEN
    status := v_claim.status; body := v_claim.body; location := v_claim.location; first_request_id :=
      v_claim.request_id;
  END IF;
END $$;
REVOKE ALL ON FUNCTION claim FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
