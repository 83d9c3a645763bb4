-- Webhooks: endpoints of customers, what is delivered to them, and each attempt. A delivery is made from the feed by
-- the position of its endpoint, by the worker: no purchase writes one. Lock order: webhook →
-- webhook_delivery → event.
CREATE TABLE webhook (
  seq              bigserial NOT NULL,
  id               text PRIMARY KEY,
  account_id       text NOT NULL REFERENCES account (id),
  product          text NOT NULL,
  url              text NOT NULL,
  events           text[],
  description      text,
  secret           bytea NOT NULL,
  old_secret       bytea,
  old_secret_until timestamptz,
  enabled          boolean NOT NULL DEFAULT true,
  disabled_at      timestamptz,
  disabled_reason  text CHECK (disabled_reason IN ('requested', 'gone', 'failing')),
  disabling        text CHECK (disabling IN ('gone', 'failing')),
  position         bigint NOT NULL,
  missed           int8multirange NOT NULL DEFAULT '{}'::int8multirange,
  failures         integer NOT NULL DEFAULT 0,
  failing_since    timestamptz,
  succeeded_at     timestamptz,
  last_ms          integer,
  probe_at         timestamptz,
  taken_at         timestamptz,
  first_due        timestamptz,
  created_at       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  deleted_at       timestamptz,
  CHECK (deleted_at IS NULL OR NOT enabled),
  CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
);
COMMENT ON COLUMN webhook.secret IS 'Sealed for the id of the row; empty when the endpoint was deleted.';
COMMENT ON COLUMN webhook.disabling IS 'Why the worker must switch it off. Nothing more is sent.';
COMMENT ON COLUMN webhook.position IS 'The last event of the account that it has passed.';
COMMENT ON COLUMN webhook.missed IS 'Places of the feed that passed while it was switched off.';
COMMENT ON COLUMN webhook.failures IS 'Failed attempts since the last that succeeded.';
COMMENT ON COLUMN webhook.first_due IS 'When its newest first attempt was due: later ones are not due before.';
CREATE UNIQUE INDEX webhook_seq_key ON webhook (seq);
CREATE INDEX webhook_account ON webhook (account_id, product, seq);
CREATE INDEX webhook_enabled ON webhook (product, id) WHERE enabled;
CREATE INDEX webhook_disabling ON webhook (product) WHERE disabling IS NOT NULL;
CREATE INDEX webhook_deleted ON webhook (product) WHERE deleted_at IS NOT NULL;

CREATE TABLE webhook_delivery (
  seq             bigserial NOT NULL,
  webhook_id      text NOT NULL REFERENCES webhook (id),
  id              text NOT NULL,
  product         text NOT NULL,
  event_id        text NOT NULL,
  event_seq       bigint NOT NULL,
  event_at        timestamptz NOT NULL,
  type            text NOT NULL,
  test_body       text,
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'skipped')),
  step            integer NOT NULL DEFAULT 0,
  attempt_count   integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  leased_by       text,
  leased_at       timestamptz,
  leased_until    timestamptz,
  created_at      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ended_at        timestamptz,
  PRIMARY KEY (webhook_id, id),
  CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
);
COMMENT ON COLUMN webhook_delivery.test_body IS 'Of a test, whose event is not in the feed.';
COMMENT ON COLUMN webhook_delivery.step IS 'Failed attempts of the present schedule; a redelivery begins a new one.';
CREATE UNIQUE INDEX webhook_delivery_seq_key ON webhook_delivery (seq);
CREATE INDEX webhook_delivery_list ON webhook_delivery (webhook_id, seq DESC);
CREATE INDEX webhook_delivery_age ON webhook_delivery (product, created_at);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, next_attempt_at, event_seq)
  WHERE state = 'pending';
CREATE INDEX webhook_delivery_leased ON webhook_delivery (webhook_id) WHERE leased_until IS NOT NULL;

CREATE TABLE webhook_attempt (
  webhook_id  text NOT NULL,
  delivery_id text NOT NULL,
  number      integer NOT NULL,
  product     text NOT NULL,
  at          timestamptz NOT NULL,
  ms          integer NOT NULL,
  status      integer,
  error       text,
  answer      text,
  PRIMARY KEY (webhook_id, delivery_id, number),
  FOREIGN KEY (webhook_id, delivery_id) REFERENCES webhook_delivery (webhook_id, id) ON DELETE CASCADE
);

GRANT SELECT ON webhook, webhook_delivery, webhook_attempt TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
GRANT UPDATE (url, events, description, secret, old_secret, old_secret_until, enabled, updated_at, deleted_at)
  ON webhook TO lumi_domains, lumi_vps, lumi_proxy;

DO $policies$
DECLARE
  v_table text;
  v_product text;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['webhook', 'webhook_delivery', 'webhook_attempt'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY admin_reads ON %I FOR SELECT TO lumi_admin USING (true)', v_table);
    FOREACH v_product IN ARRAY ARRAY['domains', 'vps', 'proxy'] LOOP
      EXECUTE format('CREATE POLICY %I ON %I TO %I USING (product = %L)', 'own_' || v_product, v_table,
        'lumi_' || v_product, v_product);
    END LOOP;
  END LOOP;
END $policies$;
