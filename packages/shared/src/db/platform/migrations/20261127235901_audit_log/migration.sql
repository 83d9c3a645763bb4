-- What leads to money, told in rows that nobody can change: who did it, from where, and what was so before and after. Written by the transaction of the act.
CREATE TABLE audit_log (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Null: it concerns all products (an account, a correction from the command line).
  product    text CHECK (product IN ('domains', 'vps', 'proxy')),
  actor      text NOT NULL CHECK (actor IN ('operator', 'reseller', 'cli')),
  key_id     text,
  address    text,
  request_id text,
  action     text NOT NULL,
  subject    text NOT NULL,
  account_id text,
  before     jsonb,
  after      jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((actor = 'cli') = (key_id IS NULL))
);
CREATE INDEX audit_log_subject ON audit_log (subject, seq DESC);
CREATE INDEX audit_log_account ON audit_log (account_id, seq DESC) WHERE account_id IS NOT NULL;

CREATE FUNCTION audit_log_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_kept();

-- Several acts of one request at once. The command line has no product and no key.
CREATE FUNCTION audit_note(p_product text, p_actor text, p_key_id text, p_address text, p_request_id text, p_acts jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM require_product(p_product);
  INSERT INTO audit_log (product, actor, key_id, address, request_id, action, subject, account_id, before, after)
    SELECT p_product, p_actor, p_key_id, p_address, p_request_id, a.action, a.subject, a.account_id, a.before, a.after
    FROM jsonb_to_recordset(p_acts) AS a(action text, subject text, account_id text, before jsonb, after jsonb);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON audit_log FOR SELECT TO lumi_admin USING (true);
GRANT SELECT ON audit_log TO lumi_admin;
REVOKE ALL ON FUNCTION audit_log_kept, audit_note FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_note TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;

-- An answer that holds a key is kept sealed, and only for a day: after that a repeat is told that it was given.
ALTER TABLE idempotency ADD COLUMN sealed boolean NOT NULL DEFAULT false;
CREATE INDEX idempotency_sealed ON idempotency (done_at) WHERE sealed AND body <> '';

CREATE FUNCTION finish_claim_sealed(p_scope text, p_product text, p_key text, p_status integer, p_body bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  UPDATE idempotency SET state = 'done', status = p_status, body = p_body, sealed = true, done_at = now()
    WHERE scope = p_scope AND product = p_product AND key = p_key AND state = 'claimed';
END $$;
REVOKE ALL ON FUNCTION finish_claim_sealed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finish_claim_sealed TO lumi_admin;

CREATE OR REPLACE FUNCTION forget_claims(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  UPDATE idempotency SET body = '' WHERE sealed AND body <> '' AND done_at < now() - interval '24 hours' AND acts_for(product);
  DELETE FROM idempotency WHERE ctid IN (SELECT ctid FROM idempotency WHERE state = 'done' AND done_at < now() - interval '30 days' AND acts_for(product) LIMIT p_limit);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
