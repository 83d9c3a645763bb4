-- Key re-read, claim, batch, items and wake-up in one statement. p_items is [{ref, input, twin_of, code, text,
-- details}]; those with a code have failed already. A queued batch's answer (202) is stored at once; an inline one's
-- when the batch is finished. p_max_total is in 1/10,000 USD. Outcomes: created | replay (with the stored answer) |
-- in_progress | reused | invalid_key | no_account | cap | balance.
CREATE OR REPLACE FUNCTION batch_create(
  p_batch_id text, p_account_id text, p_product text, p_kind text, p_form text, p_on_error text, p_max_total bigint,
  p_key_id text, p_lineage_id text, p_operator boolean, p_default_cap bigint,
  p_idem_scope text, p_idem_key text, p_fingerprint bytea, p_request_id text, p_items jsonb, p_status integer,
    p_body bytea, p_location text,
  OUT outcome text, OUT status integer, OUT body bytea, OUT location text, OUT first_request_id text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_claim idempotency%ROWTYPE;
  v_gate text;
BEGIN
  PERFORM assert_product(p_product);
  v_gate := batch_gate(p_account_id, p_product, p_key_id, p_lineage_id, p_operator, p_default_cap);
  IF v_gate IN ('invalid_key', 'no_account') THEN
    outcome := v_gate;
    RETURN;
  END IF;
  -- A repeat is answered before any money rule is asked again; a refusal is not remembered.
  IF v_gate IS NULL THEN
    INSERT INTO idempotency (scope, product, key, fingerprint, state, subject, request_id)
      VALUES (p_idem_scope, p_product, p_idem_key, p_fingerprint, 'claimed', p_batch_id, p_request_id)
        ON CONFLICT DO NOTHING;
    outcome := CASE WHEN FOUND THEN 'created' END;
  END IF;
  IF outcome IS NULL THEN
    SELECT * INTO v_claim FROM idempotency i WHERE i.scope = p_idem_scope AND i.product = p_product
      AND i.key = p_idem_key;
    IF NOT FOUND THEN
      outcome := coalesce(v_gate, 'in_progress');
      RETURN;
    END IF;
    outcome := CASE WHEN v_claim.fingerprint IS DISTINCT FROM p_fingerprint THEN 'reused' WHEN v_claim.state = 'done'
      THEN 'replay' ELSE 'in_progress' END;
    IF outcome = 'replay' THEN
      status := v_claim.status; body := v_claim.body; location := v_claim.location; first_request_id :=
        v_claim.request_id;
    END IF;
    RETURN;
  END IF;

  -- Nothing below may refuse.
  INSERT INTO batch (id, account_id, product, kind, form, total, on_error, max_total, key_id, lineage_id, is_operator,
    idem_scope, idem_key, request_id)
    VALUES (p_batch_id, p_account_id, p_product, p_kind, p_form, jsonb_array_length(p_items), p_on_error, p_max_total,
      p_key_id, p_lineage_id, p_operator, p_idem_scope, p_idem_key, p_request_id);
  INSERT INTO batch_item (batch_id, item, ref, input, twin_of, state, error_code, error_text, error_details, settled_at)
    SELECT p_batch_id, (n - 1)::integer, e.value->>'ref', e.value->'input', (e.value->>'twin_of')::integer,
           CASE WHEN e.value->>'code' IS NULL THEN 'waiting' ELSE 'failed'
             END, e.value->>'code', e.value->>'text', e.value->'details',
           CASE WHEN e.value->>'code' IS NOT NULL THEN now() END
    FROM jsonb_array_elements(p_items) WITH ORDINALITY AS e(value, n);
  IF p_form = 'queued' THEN
    PERFORM batch_wake(p_product, p_account_id);
    PERFORM finish_claim(p_idem_scope, p_product, p_idem_key, p_status, p_body, p_location);
  END IF;
END $$;
REVOKE ALL ON FUNCTION batch_create FROM PUBLIC;
GRANT EXECUTE ON FUNCTION batch_create TO lumi_domains, lumi_vps, lumi_proxy;
