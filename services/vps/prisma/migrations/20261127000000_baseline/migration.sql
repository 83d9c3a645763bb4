-- Hosting, as it was when migrations were squashed into one: what can be bought, servers and what belongs to them, the
-- sandbox hypervisor. Functions and triggers stand in `<room>/sql/`, one file each.

-- ── what can be bought ───────────────────────────────────────────────────────────────────────────────────────────
-- Amounts are bigint of 1/10,000 USD. The rows below are the catalogue of a fresh deployment; an
-- operator changes prices and stock as rows, never in code.
CREATE TABLE location (
  id            text PRIMARY KEY,
  name          text NOT NULL,
  country       text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  city          text NOT NULL,
  features      text[] NOT NULL DEFAULT '{}',
  looking_glass text,
  test_ipv4     text,
  position      integer NOT NULL
);

CREATE TABLE plan (
  id            text PRIMARY KEY,
  name          text NOT NULL,
  vcpu          integer NOT NULL CHECK (vcpu > 0),
  cpu_type      text NOT NULL CHECK (cpu_type IN ('shared', 'dedicated')),
  arch          text NOT NULL CHECK (arch IN ('x86_64', 'arm64')),
  ram_mb        integer NOT NULL CHECK (ram_mb > 0),
  disk_gb       integer NOT NULL CHECK (disk_gb > 0),
  disk_type     text NOT NULL,
  traffic_gb    integer NOT NULL,
  port_mbps     integer NOT NULL,
  ipv4          integer NOT NULL,
  ipv6          text NOT NULL,
  position      integer NOT NULL,
  deprecated_at timestamptz
);

CREATE TABLE plan_price (
  plan_id       text NOT NULL REFERENCES plan (id),
  location_id   text NOT NULL REFERENCES location (id),
  period_months integer NOT NULL CHECK (period_months BETWEEN 1 AND 36),
  price         bigint NOT NULL CHECK (price > 0),
  setup         bigint NOT NULL DEFAULT 0 CHECK (setup >= 0),
  renew_price   bigint NOT NULL CHECK (renew_price > 0),
  PRIMARY KEY (plan_id, location_id, period_months)
);

-- What is left to sell. Reserved by the statement that holds the money: the check is what ends a race.
CREATE TABLE stock (
  plan_id     text NOT NULL REFERENCES plan (id),
  location_id text NOT NULL REFERENCES location (id),
  free        integer NOT NULL,
  low_below   integer NOT NULL DEFAULT 10,
  checked_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (plan_id, location_id),
  CONSTRAINT stock_not_negative CHECK (free >= 0)
);

CREATE TABLE image (
  id            text PRIMARY KEY,
  name          text NOT NULL,
  os            text NOT NULL,
  version       text NOT NULL,
  arch          text NOT NULL CHECK (arch IN ('x86_64', 'arm64')),
  min_disk_gb   integer NOT NULL,
  min_ram_mb    integer NOT NULL,
  cloud_init    boolean NOT NULL,
  default_user  text NOT NULL,
  position      integer NOT NULL,
  deprecated_at timestamptz
);

-- ── servers ──────────────────────────────────────────────────────────────────────────────────────────────────────
-- Servers and what belongs to them. A server row is written by the statement that holds the money, so it is visible
-- before the buyer has an answer; its states follow in the statements that settle orders and finish operations.
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
  lifecycle          text NOT NULL CHECK (lifecycle IN ('provisioning', 'active', 'grace', 'suspended', 'terminating',
    'terminated', 'failed')),
  power              text NOT NULL DEFAULT 'unknown' CHECK (power IN ('running', 'stopped', 'paused', 'unknown')),
  suspension_kind    text CHECK (suspension_kind IN ('unpaid', 'abuse', 'traffic', 'operator')),
  suspended_at       timestamptz,
  suspension_reason  text,
  ssh_key_ids        text[] NOT NULL DEFAULT '{}',
  ssh_keys           text[] NOT NULL DEFAULT '{}',
  -- Any bytes, such as a gzip archive.
  user_data          bytea,
  start_after_create boolean NOT NULL DEFAULT true,
  gateway_ip         inet,
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
  -- What the paid time is made of: [{"months", "days", "price"}] in their order, the last of which ends at expires_at.
  -- Each is prorated at its own price.
  stretches          jsonb NOT NULL DEFAULT '[]',
  -- The day of the month from which months are counted, for expiries that stand on an earlier one because their month
  -- has no such day.
  anchor_day         integer CHECK (anchor_day BETWEEN 1 AND 31),
  -- What the supplier says about a machine when it is asked: it may not know it any more. The server is kept, and
  -- nothing can be done with it.
  synced_at          timestamptz,
  missing_since      timestamptz,
  -- What the next period is to be: another plan, another length, or both. It costs nothing and is priced by the renewal
  -- that begins the period; next_plan_from is set by that renewal, and from then on the change is paid for and made at
  -- that moment.
  next_plan_id       text REFERENCES plan (id),
  next_period_months integer,
  next_plan_from     timestamptz,
  CONSTRAINT server_next_plan CHECK (next_plan_from IS NULL OR next_plan_id IS NOT NULL),
  CHECK ((suspension_kind IS NULL) = (suspended_at IS NULL)),
  CHECK (lifecycle NOT IN ('active', 'grace', 'suspended') OR expires_at IS NOT NULL)
);
CREATE INDEX server_account ON server (account_id, seq DESC);
CREATE INDEX server_expiry ON server (expires_at) WHERE lifecycle IN ('active', 'grace', 'suspended');
CREATE INDEX server_account_expiry ON server (account_id, (coalesce(expires_at, 'infinity')), seq);
CREATE INDEX server_account_hostname ON server (account_id, hostname, seq);
CREATE INDEX server_next_plan_due ON server (next_plan_from) WHERE next_plan_from IS NOT NULL;
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

CREATE TABLE address (
  -- Stored and compared as an address, however it was written.
  ip         inet PRIMARY KEY,
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
  created_at timestamptz NOT NULL DEFAULT now(),
  -- A snapshot is read from where it lies when somebody asks, and may not be there any more.
  synced_at     timestamptz,
  missing_since timestamptz
);
CREATE INDEX snapshot_server ON snapshot (server_id, seq DESC);

-- ── the sandbox hypervisor: its own memory, which the service reads only through the supplier interface
-- ────────────────────────
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
  deleted_at  timestamptz,
  rdns        jsonb NOT NULL DEFAULT '{}'
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

-- ── who may read and write what ──────────────────────────────────────────────────────────────────────────────────
GRANT USAGE ON SCHEMA vps TO lumi_vps;
GRANT SELECT ON location, plan, plan_price, image, stock TO lumi_vps;
GRANT UPDATE (free, checked_at) ON stock TO lumi_vps;
GRANT SELECT, INSERT, UPDATE ON server, address, ssh_key, snapshot TO lumi_vps;
GRANT DELETE ON address, ssh_key TO lumi_vps;
GRANT SELECT, INSERT, DELETE ON server_lock, renewal TO lumi_vps;
GRANT SELECT, INSERT, UPDATE ON sandbox_machine, sandbox_task TO lumi_vps;
GRANT SELECT, INSERT, DELETE ON sandbox_snapshot TO lumi_vps;
GRANT SELECT, INSERT ON sandbox_lost, sandbox_log TO lumi_vps;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA vps TO lumi_vps;

-- ── the catalogue of a fresh installation ────────────────────────────────────────────────────────────────────────
INSERT INTO location (id, name, country, city, features, looking_glass, test_ipv4, position) VALUES
  ('ams', 'Amsterdam 1', 'NL', 'Amsterdam', '{snapshots,ipv6,rdns}', NULL, '192.0.2.10', 1),
  ('fra', 'Frankfurt 1', 'DE', 'Frankfurt am Main', '{snapshots,ipv6,rdns}', NULL, '192.0.2.20', 2),
  ('hel', 'Helsinki 1', 'FI', 'Helsinki', '{snapshots,ipv6,rdns}', NULL, '192.0.2.30', 3),
  ('nyc', 'New York 1', 'US', 'New York', '{snapshots,ipv6,rdns}', NULL, '192.0.2.40', 4),
  ('sin', 'Singapore 1', 'SG', 'Singapore', '{snapshots,ipv6}', NULL, '192.0.2.50', 5);

INSERT INTO plan (id, name, vcpu, cpu_type, arch, ram_mb, disk_gb, disk_type, traffic_gb, port_mbps, ipv4, ipv6,
  position, deprecated_at) VALUES
  ('s1', 'S1', 1, 'shared', 'x86_64', 1024, 20, 'nvme', 1000, 1000, 1, '/64', 1, NULL),
  ('s2', 'S2', 2, 'shared', 'x86_64', 2048, 40, 'nvme', 2000, 1000, 1, '/64', 2, NULL),
  ('s4', 'S4', 2, 'shared', 'x86_64', 4096, 80, 'nvme', 4000, 1000, 1, '/64', 3, NULL),
  ('s8', 'S8', 4, 'shared', 'x86_64', 8192, 160, 'nvme', 8000, 1000, 1, '/64', 4, NULL),
  ('d8', 'D8', 4, 'dedicated', 'x86_64', 8192, 160, 'nvme', 10000, 10000, 1, '/64', 5, NULL),
  ('d16', 'D16', 8, 'dedicated', 'x86_64', 16384, 320, 'nvme', 20000, 10000, 1, '/64', 6, NULL),
  ('a4', 'A4', 2, 'shared', 'arm64', 4096, 40, 'nvme', 4000, 1000, 1, '/64', 7, NULL);

-- Month price by plan, surcharge by location, discount by period; arm64 is not sold everywhere.
INSERT INTO plan_price (plan_id, location_id, period_months, price, setup, renew_price)
SELECT p.id, l.id, t.months, round(p.month * l.percent / 100.0 * t.months * t.keep / 100.0), CASE WHEN p.id = 'd16'
  AND t.months = 1 THEN 100000 ELSE 0 END,
       round(p.month * l.percent / 100.0 * t.months * t.keep / 100.0)
FROM (VALUES ('s1', 39900), ('s2', 64900), ('s4', 119900), ('s8', 229900), ('d8', 399900), ('d16', 789900), ('a4',
  89900)) AS p(id, month)
CROSS JOIN (VALUES ('ams', 100), ('fra', 100), ('hel', 90), ('nyc', 110), ('sin', 125)) AS l(id, percent)
CROSS JOIN (VALUES (1, 100), (3, 97), (6, 95), (12, 90)) AS t(months, keep)
WHERE p.id <> 'a4' OR l.id IN ('fra', 'hel');

INSERT INTO stock (plan_id, location_id, free)
SELECT p.plan_id, p.location_id,
       CASE WHEN p.plan_id = 'd16' AND p.location_id = 'sin' THEN 0 WHEN p.plan_id = 'd16' THEN 40 WHEN p.plan_id = 'd8'
         AND p.location_id = 'nyc' THEN 5 ELSE 100000 END
FROM (SELECT DISTINCT plan_id, location_id FROM plan_price) p;

INSERT INTO image (id, name, os, version, arch, min_disk_gb, min_ram_mb, cloud_init, default_user, position,
  deprecated_at) VALUES
  ('debian-13', 'Debian 13', 'debian', '13', 'x86_64', 5, 512, true, 'root', 1, NULL),
  ('debian-12', 'Debian 12', 'debian', '12', 'x86_64', 5, 512, true, 'root', 2, NULL),
  ('ubuntu-24.04', 'Ubuntu 24.04 LTS', 'ubuntu', '24.04', 'x86_64', 8, 1024, true, 'root', 3, NULL),
  ('ubuntu-26.04', 'Ubuntu 26.04 LTS', 'ubuntu', '26.04', 'x86_64', 8, 1024, true, 'root', 4, NULL),
  ('alma-9', 'AlmaLinux 9', 'almalinux', '9', 'x86_64', 10, 1024, true, 'root', 5, NULL),
  ('rocky-9', 'Rocky Linux 9', 'rockylinux', '9', 'x86_64', 10, 1024, true, 'root', 6, NULL),
  ('alpine-3.22', 'Alpine 3.22', 'alpine', '3.22', 'x86_64', 1, 256, true, 'root', 7, NULL),
  ('windows-2025', 'Windows Server 2025', 'windows', '2025', 'x86_64', 60, 4096, false, 'Administrator', 8, NULL),
  ('debian-13-arm64', 'Debian 13 (arm64)', 'debian', '13', 'arm64', 5, 512, true, 'root', 9, NULL),
  ('ubuntu-24.04-arm64', 'Ubuntu 24.04 LTS (arm64)', 'ubuntu', '24.04', 'arm64', 8, 1024, true, 'root', 10, NULL);
