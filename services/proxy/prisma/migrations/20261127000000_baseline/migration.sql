-- Proxies, as it was when migrations were squashed into one. Functions and triggers stand in `<room>/sql/`, one file
-- each.

-- ── what customers have ──────────────────────────────────────────────────────────────────────────────────────────
-- Proxies, traffic plans and sub-users, who may use them, and what they used.
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
  -- Addresses are stored and compared as addresses: `2001:db8:c00:0::1` and `2001:db8:c00::1` are one.
  exit_ip           inet NOT NULL,
  subnet            inet NOT NULL,
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
  -- What the country added to the price when the proxy was delivered, per 30 days: forecasts tell renewals from it
  -- without asking the network.
  surcharge         bigint NOT NULL DEFAULT 0,
  -- What the network says about a proxy or a plan when it is asked: it may not know it any more. It is kept, and
  -- nothing can be bought for it.
  synced_at         timestamptz,
  missing_since     timestamptz,
  CONSTRAINT proxy_term UNIQUE (id, term),
  -- One address is handed to one customer at a time.
  CONSTRAINT proxy_network_once UNIQUE (network_id)
);
CREATE INDEX proxy_account ON proxy (account_id, seq DESC);
CREATE INDEX proxy_account_expiry ON proxy (account_id, expires_at, seq);
CREATE INDEX proxy_live_expiry ON proxy (expires_at) WHERE state = 'active';
CREATE INDEX proxy_order ON proxy (order_id);
CREATE INDEX proxy_exit ON proxy (exit_ip);
CREATE INDEX proxy_due ON proxy (grace_until) WHERE state = 'active';
CREATE INDEX proxy_dirty ON proxy (id) WHERE access_applied < access_version;
CREATE INDEX proxy_leaving ON proxy (id) WHERE state <> 'active' AND withdrawn_at IS NULL;
CREATE INDEX proxy_health ON proxy (health_checked_at NULLS FIRST) WHERE state = 'active';

-- One paid operation at a time per proxy, and only on the term it was priced for: a second one violates the key, an
-- outdated one the reference, and the hold that would pay for it is not made.
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
  synced_at       timestamptz,
  missing_since   timestamptz,
  CONSTRAINT traffic_plan_username UNIQUE (username),
  CONSTRAINT traffic_plan_not_oversold CHECK (bytes_allocated >= 0 AND bytes_allocated <= bytes_total)
);
CREATE INDEX traffic_plan_account ON traffic_plan (account_id, seq DESC);
CREATE INDEX traffic_plan_expiry ON traffic_plan (expires_at);
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
  synced_at       timestamptz,
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

-- ── the sandbox network's own books ──────────────────────────────────────────────────────────────────────────────
-- Nothing of ours reads them but its adapter; they are kept apart as a supplier's would be.

-- What it can still deliver, per product and country.
CREATE TABLE sandbox_stock (
  product_id text NOT NULL,
  country    text NOT NULL,
  capacity   integer NOT NULL CHECK (capacity >= 0),
  taken      integer NOT NULL DEFAULT 0,
  issued     integer NOT NULL DEFAULT 0,
  PRIMARY KEY (product_id, country),
  CONSTRAINT sandbox_stock_enough CHECK (taken >= 0 AND taken <= capacity)
);

-- Every command it was sent, by our reference, and where it stands.
CREATE TABLE sandbox_command (
  reference    text PRIMARY KEY,
  command      text NOT NULL,
  request      jsonb NOT NULL,
  ending       text NOT NULL,
  state        text NOT NULL CHECK (state IN ('unseen', 'accepted', 'executed', 'refused', 'lost')),
  sends        integer NOT NULL DEFAULT 1,
  looks        integer NOT NULL DEFAULT 0,
  result       jsonb,
  refusal_code text,
  refusal_text text,
  created_at   timestamptz NOT NULL
);

-- What it executed, once per reference: the outside witness of every test about money.
CREATE TABLE sandbox_log (
  seq       bigserial PRIMARY KEY,
  reference text NOT NULL UNIQUE,
  command   text NOT NULL,
  detail    jsonb NOT NULL,
  at        timestamptz NOT NULL
);

CREATE TABLE sandbox_exit (
  network_id text PRIMARY KEY,
  product_id text NOT NULL,
  country    text NOT NULL,
  exit_ip    text NOT NULL,
  reference  text NOT NULL,
  rotations  integer NOT NULL DEFAULT 0,
  until      timestamptz,
  is_in_use  boolean NOT NULL DEFAULT true,
  city       text NOT NULL
);

-- The access last asked for. Passwords stay out of it.
CREATE TABLE sandbox_access (
  subject    text PRIMARY KEY,
  network_id text NOT NULL,
  version    integer NOT NULL,
  is_enabled boolean NOT NULL,
  usernames  text[] NOT NULL,
  blocks     text[] NOT NULL,
  note       text,
  metered_at timestamptz NOT NULL
);

CREATE TABLE sandbox_usage (
  seq        bigserial PRIMARY KEY,
  subject    text NOT NULL,
  at         timestamptz NOT NULL,
  country    text NOT NULL,
  target     text NOT NULL,
  bytes_up   bigint NOT NULL,
  bytes_down bigint NOT NULL,
  requests   integer NOT NULL,
  errors     integer NOT NULL,
  UNIQUE (subject, at)
);

-- Books of traffic as of addresses, so that it can be asked for it.
CREATE TABLE sandbox_traffic (
  network_id text PRIMARY KEY,
  host       text NOT NULL,
  port       integer NOT NULL,
  port_socks integer NOT NULL
);

-- ── who may read and write what ──────────────────────────────────────────────────────────────────────────────────
GRANT USAGE ON SCHEMA proxy TO lumi_proxy;
GRANT SELECT, INSERT, UPDATE ON sandbox_stock, sandbox_command, sandbox_exit, sandbox_access TO lumi_proxy;
GRANT SELECT, INSERT ON sandbox_log, sandbox_usage TO lumi_proxy;
GRANT SELECT, INSERT, UPDATE ON proxy, replacement, traffic_plan, subuser, allow_entry, usage_hour, usage_position
  TO lumi_proxy;
GRANT SELECT, INSERT, DELETE ON proxy_lock, usage_delta TO lumi_proxy;
GRANT DELETE ON allow_entry TO lumi_proxy;
GRANT SELECT, INSERT ON reveal TO lumi_proxy;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA proxy TO lumi_proxy;
GRANT SELECT, INSERT ON sandbox_traffic TO lumi_proxy;
