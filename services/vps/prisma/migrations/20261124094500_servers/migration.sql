-- Servers and what belongs to them. A server row is written by the statement that holds the money, so it is visible before the buyer
-- has an answer; its states follow in the statements that settle orders and finish operations.
CREATE TABLE server (
  seq                bigserial UNIQUE,
  id                 text PRIMARY KEY,
  account_id         text NOT NULL,
  order_id           text NOT NULL UNIQUE,
  machine            text NOT NULL UNIQUE,
  hostname           text NOT NULL,
  label              text,
  plan_id            text NOT NULL REFERENCES plan (id),
  location_id        text NOT NULL REFERENCES location (id),
  image_id           text NOT NULL REFERENCES image (id),
  period_months      integer NOT NULL,
  lifecycle          text NOT NULL CHECK (lifecycle IN ('provisioning', 'active', 'grace', 'suspended', 'terminating', 'terminated', 'failed')),
  power              text NOT NULL DEFAULT 'unknown' CHECK (power IN ('running', 'stopped', 'paused', 'unknown')),
  suspension_kind    text CHECK (suspension_kind IN ('unpaid', 'abuse', 'traffic', 'operator')),
  suspended_at       timestamptz,
  suspension_reason  text,
  ssh_key_ids        text[] NOT NULL DEFAULT '{}',
  ssh_keys           text[] NOT NULL DEFAULT '{}',
  user_data          text,
  start_after_create boolean NOT NULL DEFAULT true,
  gateway_ip         text,
  auto_renew         boolean NOT NULL DEFAULT false,
  protection         boolean NOT NULL DEFAULT false,
  reference          text,
  tags               text[] NOT NULL DEFAULT '{}',
  metadata           jsonb,
  renewing           text,
  delete_at_expiry   boolean NOT NULL DEFAULT false,
  created_at         timestamptz NOT NULL DEFAULT now(),
  ready_at           timestamptz,
  expires_at         timestamptz,
  grace_ends_at      timestamptz,
  terminates_at      timestamptz,
  terminated_at      timestamptz,
  CHECK ((suspension_kind IS NULL) = (suspended_at IS NULL)),
  CHECK (lifecycle NOT IN ('active', 'grace', 'suspended') OR expires_at IS NOT NULL)
);
CREATE INDEX server_account ON server (account_id, seq DESC);
CREATE INDEX server_expiry ON server (expires_at) WHERE lifecycle IN ('active', 'grace', 'suspended');
CREATE INDEX server_terminates ON server (terminates_at) WHERE lifecycle IN ('suspended', 'terminating');

-- The one running operation of a server, paid or not: whoever inserts the row has it, and the primary key is the judge.
CREATE TABLE server_lock (
  server_id    text PRIMARY KEY REFERENCES server (id),
  operation_id text NOT NULL,
  action       text NOT NULL,
  since        timestamptz NOT NULL DEFAULT now()
);

-- A period is paid once: a second renewal from the same expiry has nowhere to be written.
CREATE TABLE renewal (
  server_id       text NOT NULL REFERENCES server (id),
  from_expires_at timestamptz NOT NULL,
  order_id        text NOT NULL,
  PRIMARY KEY (server_id, from_expires_at)
);

-- For statements that must not go on when what they were computed from has changed: raises a violation that carries this name.
CREATE FUNCTION demand(p_holds boolean, p_constraint text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF p_holds THEN
    RETURN true;
  END IF;
  RAISE EXCEPTION 'violates constraint "%"', p_constraint USING ERRCODE = 'check_violation', CONSTRAINT = p_constraint;
END $$;

CREATE TABLE address (
  ip         text PRIMARY KEY,
  server_id  text NOT NULL REFERENCES server (id),
  version    integer NOT NULL CHECK (version IN (4, 6)),
  rdns       text,
  is_primary boolean NOT NULL
);
CREATE INDEX address_server ON address (server_id);

CREATE TABLE ssh_key (
  seq         bigserial UNIQUE,
  id          text PRIMARY KEY,
  account_id  text NOT NULL,
  name        text NOT NULL,
  public_key  text NOT NULL,
  fingerprint text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ssh_key_once UNIQUE (account_id, fingerprint)
);
CREATE INDEX ssh_key_account ON ssh_key (account_id, seq DESC);

CREATE TABLE snapshot (
  seq        bigserial UNIQUE,
  id         text PRIMARY KEY,
  account_id text NOT NULL,
  server_id  text NOT NULL REFERENCES server (id),
  name       text NOT NULL,
  size_gb    integer NOT NULL DEFAULT 0,
  state      text NOT NULL CHECK (state IN ('creating', 'ready', 'deleting', 'deleted', 'failed')),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX snapshot_server ON snapshot (server_id, seq DESC);

-- ── the sandbox hypervisor: its own memory, which the service reads only through the supplier interface ────────────────────────
CREATE TABLE sandbox_machine (
  seq         bigserial PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  hostname    text NOT NULL,
  plan_id     text NOT NULL,
  location_id text NOT NULL,
  image_id    text NOT NULL,
  disk_gb     integer NOT NULL,
  power       text NOT NULL,
  suspended   boolean NOT NULL DEFAULT false,
  ready_at    timestamptz NOT NULL,
  deleted_at  timestamptz
);

-- What it was asked, by the caller's reference; one reference is executed once.
CREATE TABLE sandbox_task (
  reference  text PRIMARY KEY,
  machine    text NOT NULL,
  action     text NOT NULL,
  ready_at   timestamptz NOT NULL,
  refusal    text,
  result     jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL
);

-- Requests that were lost on the way, so that the second one arrives.
CREATE TABLE sandbox_lost (
  reference text PRIMARY KEY
);

CREATE TABLE sandbox_snapshot (
  id      text PRIMARY KEY,
  machine text NOT NULL,
  size_gb integer NOT NULL
);

-- The outside witness: what the supplier executed, one line a reference, never changed.
CREATE TABLE sandbox_log (
  seq       bigserial PRIMARY KEY,
  reference text NOT NULL UNIQUE,
  action    text NOT NULL,
  machine   text NOT NULL,
  at        timestamptz NOT NULL
);
CREATE FUNCTION sandbox_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'sandbox_log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER sandbox_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sandbox_log FOR EACH STATEMENT EXECUTE FUNCTION sandbox_log_append_only();

GRANT SELECT, INSERT, UPDATE ON server, address, ssh_key, snapshot TO lumi_vps;
GRANT DELETE ON address, ssh_key TO lumi_vps;
GRANT SELECT, INSERT, DELETE ON server_lock, renewal TO lumi_vps;
GRANT SELECT, INSERT, UPDATE ON sandbox_machine, sandbox_task TO lumi_vps;
GRANT SELECT, INSERT, DELETE ON sandbox_snapshot TO lumi_vps;
GRANT SELECT, INSERT ON sandbox_lost, sandbox_log TO lumi_vps;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA vps TO lumi_vps;
