-- What customers have: proxies, traffic plans and sub-users, who may use them, and what they used.
-- Lock order: rows of one table by id; a proxy before its lock row.

CREATE TABLE proxy (
  seq               bigserial UNIQUE,
  id                text PRIMARY KEY,
  account_id        text NOT NULL,
  order_id          text NOT NULL,
  product_id        text NOT NULL,
  type              text NOT NULL,
  network_id        text NOT NULL,
  country           text NOT NULL,
  city              text NOT NULL,
  asn               integer NOT NULL,
  host              text NOT NULL,
  port              integer NOT NULL,
  port_socks        integer NOT NULL,
  exit_ip           text NOT NULL,
  subnet            text NOT NULL,
  protocol          text NOT NULL CHECK (protocol IN ('http', 'socks5')),
  auth_mode         text NOT NULL CHECK (auth_mode IN ('userpass', 'ip', 'both')),
  username          text NOT NULL,
  password          bytea NOT NULL,
  old_username      text,
  old_password      bytea,
  old_until         timestamptz,
  state             text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'replaced', 'ended')),
  -- Grows whenever expiry or state changes; whoever sells something about a proxy states the term it read.
  term              integer NOT NULL DEFAULT 1,
  period_days       integer NOT NULL,
  starts_at         timestamptz NOT NULL,
  expires_at        timestamptz NOT NULL,
  grace_until       timestamptz NOT NULL,
  auto_renew        boolean NOT NULL DEFAULT false,
  rotation_s        integer,
  rotated_at        timestamptz,
  cooldown_until    timestamptz,
  replacements_used integer NOT NULL DEFAULT 0,
  replaces          text,
  replaced_by       text,
  health_ok         boolean,
  health_latency_ms integer,
  health_country    text,
  health_checked_at timestamptz,
  label             text,
  tags              text[] NOT NULL DEFAULT '{}',
  reference         text,
  metadata          jsonb,
  access_version    integer NOT NULL DEFAULT 1,
  access_applied    integer NOT NULL DEFAULT 0,
  withdrawn_at      timestamptz,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  CONSTRAINT proxy_term UNIQUE (id, term),
  -- One address is handed to one customer at a time.
  CONSTRAINT proxy_network_once UNIQUE (network_id)
);
CREATE INDEX proxy_account ON proxy (account_id, seq DESC);
CREATE INDEX proxy_expiry ON proxy (account_id, expires_at, id);
CREATE INDEX proxy_order ON proxy (order_id);
CREATE INDEX proxy_exit ON proxy (exit_ip);
CREATE INDEX proxy_due ON proxy (grace_until) WHERE state = 'active';
CREATE INDEX proxy_dirty ON proxy (id) WHERE access_applied < access_version;
CREATE INDEX proxy_leaving ON proxy (id) WHERE state <> 'active' AND withdrawn_at IS NULL;
CREATE INDEX proxy_health ON proxy (health_checked_at NULLS FIRST) WHERE state = 'active';

-- One paid operation at a time per proxy, and only on the term it was priced for: a second one violates the key, an outdated one the
-- reference, and the hold that would pay for it is not made.
CREATE TABLE proxy_lock (
  proxy_id text NOT NULL,
  term     integer NOT NULL,
  order_id text NOT NULL,
  CONSTRAINT proxy_lock_one PRIMARY KEY (proxy_id),
  CONSTRAINT proxy_lock_term FOREIGN KEY (proxy_id, term) REFERENCES proxy (id, term)
);
CREATE INDEX proxy_lock_order ON proxy_lock (order_id);

CREATE TABLE replacement (
  seq        bigserial UNIQUE,
  id         text PRIMARY KEY,
  account_id text NOT NULL,
  order_id   text NOT NULL UNIQUE,
  state      text NOT NULL CHECK (state IN ('processing', 'completed', 'failed')),
  reason     text,
  removed    text[] NOT NULL,
  added      text[] NOT NULL DEFAULT '{}',
  free       integer NOT NULL,
  paid       integer NOT NULL,
  created_at timestamptz NOT NULL,
  done_at    timestamptz
);
CREATE INDEX replacement_account ON replacement (account_id, seq DESC);

CREATE TABLE traffic_plan (
  seq             bigserial UNIQUE,
  id              text PRIMARY KEY,
  account_id      text NOT NULL,
  order_id        text NOT NULL,
  pool            text NOT NULL,
  network_id      text NOT NULL UNIQUE,
  host            text NOT NULL,
  port            integer NOT NULL,
  port_socks      integer NOT NULL,
  username        text NOT NULL,
  password        bytea NOT NULL,
  old_password    bytea,
  old_until       timestamptz,
  -- Bought; used by the plan itself; given to sub-users (their limits, used or not).
  bytes_total     bigint NOT NULL CHECK (bytes_total > 0),
  bytes_used      bigint NOT NULL DEFAULT 0 CHECK (bytes_used >= 0),
  bytes_allocated bigint NOT NULL DEFAULT 0,
  expires_at      timestamptz NOT NULL,
  label           text,
  tags            text[] NOT NULL DEFAULT '{}',
  reference       text,
  metadata        jsonb,
  access_version  integer NOT NULL DEFAULT 1,
  access_applied  integer NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  CONSTRAINT traffic_plan_username UNIQUE (username),
  CONSTRAINT traffic_plan_not_oversold CHECK (bytes_allocated >= 0 AND bytes_allocated <= bytes_total)
);
CREATE INDEX traffic_plan_account ON traffic_plan (account_id, seq DESC);
CREATE INDEX traffic_plan_dirty ON traffic_plan (id) WHERE access_applied < access_version;

CREATE TABLE subuser (
  seq             bigserial UNIQUE,
  id              text PRIMARY KEY,
  account_id      text NOT NULL,
  plan_id         text NOT NULL REFERENCES traffic_plan (id),
  username        text NOT NULL,
  password        bytea NOT NULL,
  bytes_limit     bigint NOT NULL DEFAULT 0 CHECK (bytes_limit >= 0),
  bytes_used      bigint NOT NULL DEFAULT 0 CHECK (bytes_used >= 0),
  status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'deleted')),
  expires_at      timestamptz,
  blocked_domains text[] NOT NULL DEFAULT '{}',
  label           text,
  reference       text,
  access_version  integer NOT NULL DEFAULT 1,
  access_applied  integer NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  CONSTRAINT subuser_username UNIQUE (username)
);
CREATE INDEX subuser_account ON subuser (account_id, seq DESC);
CREATE INDEX subuser_plan ON subuser (plan_id);
CREATE INDEX subuser_dirty ON subuser (id) WHERE access_applied < access_version;

-- Addresses that may use proxies without a password: of the whole account (proxy_id null) or of one proxy.
CREATE TABLE allow_entry (
  seq          bigserial UNIQUE,
  id           text PRIMARY KEY,
  account_id   text NOT NULL,
  proxy_id     text REFERENCES proxy (id),
  block        text NOT NULL,
  label        text,
  expires_at   timestamptz,
  last_used_at timestamptz,
  created_at   timestamptz NOT NULL,
  CONSTRAINT allow_entry_once UNIQUE NULLS NOT DISTINCT (account_id, proxy_id, block)
);
CREATE INDEX allow_entry_proxy ON allow_entry (proxy_id) WHERE proxy_id IS NOT NULL;

-- Counters: each delta counts once, by its name; the hours are what callers read.
CREATE TABLE usage_delta (
  gateway    text NOT NULL,
  connection text NOT NULL,
  number     bigint NOT NULL,
  at         timestamptz NOT NULL,
  PRIMARY KEY (gateway, connection, number)
);
CREATE INDEX usage_delta_age ON usage_delta (at);

CREATE TABLE usage_hour (
  account_id text NOT NULL,
  hour       timestamptz NOT NULL,
  subject    text NOT NULL,
  country    text NOT NULL,
  target     text NOT NULL,
  bytes_up   bigint NOT NULL,
  bytes_down bigint NOT NULL,
  requests   bigint NOT NULL,
  errors     bigint NOT NULL,
  PRIMARY KEY (account_id, hour, subject, country, target)
);

CREATE TABLE usage_position (
  network  text PRIMARY KEY,
  position text NOT NULL
);

-- Who was shown passwords in clear.
CREATE TABLE reveal (
  seq        bigserial PRIMARY KEY,
  account_id text,
  key_id     text NOT NULL,
  request_id text NOT NULL,
  route      text NOT NULL,
  subjects   text[] NOT NULL,
  at         timestamptz NOT NULL
);
CREATE TRIGGER reveal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reveal FOR EACH STATEMENT EXECUTE FUNCTION append_only();

GRANT SELECT, INSERT, UPDATE ON proxy, replacement, traffic_plan, subuser, allow_entry, usage_hour, usage_position TO lumi_proxy;
GRANT SELECT, INSERT, DELETE ON proxy_lock, usage_delta TO lumi_proxy;
GRANT DELETE ON allow_entry TO lumi_proxy;
GRANT SELECT, INSERT ON reveal TO lumi_proxy;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA proxy TO lumi_proxy;
