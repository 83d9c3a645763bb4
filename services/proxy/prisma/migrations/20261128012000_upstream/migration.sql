-- ── our books of a supplier of proxies ────────────────────────────────────────────────────────────────────────────
-- A command is written before its first byte leaves, because the supplier knows no idempotency.
CREATE TABLE upstream_command (
  reference    text PRIMARY KEY,
  command      text NOT NULL CHECK (command IN ('allocate', 'extend', 'replace')),
  request      jsonb NOT NULL,
  state        text NOT NULL CHECK (state IN ('sent', 'executed', 'refused')),
  -- The supplier's plan or replacement.
  supplier_id  bigint,
  result       jsonb,
  refusal_code text,
  refusal_text text,
  created_at   timestamptz NOT NULL,
  CONSTRAINT upstream_command_end CHECK ((state = 'executed') = (result IS NOT NULL)
    AND (state = 'refused') = (refusal_code IS NOT NULL))
);
CREATE TABLE upstream_exit (
  network_id text PRIMARY KEY,
  reference  text NOT NULL,
  plan_id    bigint NOT NULL,
  product_id text NOT NULL,
  country    text NOT NULL,
  city       text NOT NULL,
  address    text NOT NULL,
  is_in_use  boolean NOT NULL DEFAULT true
);
CREATE INDEX upstream_exit_plan ON upstream_exit (plan_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON upstream_command TO lumi_proxy;
GRANT SELECT, INSERT, UPDATE ON upstream_exit TO lumi_proxy;
