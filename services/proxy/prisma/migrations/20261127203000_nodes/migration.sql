-- Nodes that carry traffic: what they may spend (leases), what they used (batches), and what they must let pass (the
-- access feed). All of it is added; processes of the release before do not see it and go on.

-- ── what customers have ──────────────────────────────────────────────────────────────────────────────────────────
-- The network that runs it. Everything sold so far is the sandbox's.
ALTER TABLE proxy
  ADD COLUMN network       text NOT NULL DEFAULT 'sandbox' CHECK (network IN ('sandbox', 'own', 'upstream')),
  ADD COLUMN last_used_at  timestamptz,
  ADD COLUMN suspended_for text;

-- bytes_leased: handed out to nodes and not yet reported as used. What a lease adds never passes what was bought;
-- without leases nothing is checked, because the sandbox's meter of the release before may have passed it.
ALTER TABLE traffic_plan
  ADD COLUMN network       text NOT NULL DEFAULT 'sandbox' CHECK (network IN ('sandbox', 'own', 'upstream')),
  ADD COLUMN bytes_leased  bigint NOT NULL DEFAULT 0,
  ADD COLUMN old_username  text,
  ADD COLUMN last_used_at  timestamptz,
  ADD COLUMN suspended_for text,
  ADD CONSTRAINT traffic_plan_leases CHECK (bytes_leased >= 0
    AND (bytes_leased = 0 OR bytes_used + bytes_allocated + bytes_leased <= bytes_total));

ALTER TABLE subuser
  ADD COLUMN bytes_leased    bigint NOT NULL DEFAULT 0,
  ADD COLUMN old_username    text,
  ADD COLUMN old_password    bytea,
  ADD COLUMN old_until       timestamptz,
  ADD COLUMN last_used_at    timestamptz,
  ADD COLUMN suspended_for   text,
  ADD COLUMN concurrency     integer CHECK (concurrency > 0),
  ADD COLUMN bandwidth_mbps  integer CHECK (bandwidth_mbps > 0),
  ADD COLUMN allowed_domains text[],
  ADD CONSTRAINT subuser_leases CHECK (bytes_leased >= 0
    AND (bytes_leased = 0 OR bytes_used + bytes_leased <= bytes_limit));

-- Whose quota a subject spends: a plan and a sub-user their own, a deleted sub-user that of its plan.
CREATE VIEW quota AS
  SELECT p.id AS subject, p.id AS holder, true AS is_plan, p.bytes_total - p.bytes_allocated AS total,
    p.bytes_used AS used, p.bytes_leased AS leased FROM traffic_plan p
  UNION ALL
  SELECT s.id, s.id, false, s.bytes_limit, s.bytes_used, s.bytes_leased FROM subuser s WHERE s.status <> 'deleted'
  UNION ALL
  SELECT s.id, p.id, true, p.bytes_total - p.bytes_allocated, p.bytes_used, p.bytes_leased
    FROM subuser s JOIN traffic_plan p ON p.id = s.plan_id WHERE s.status = 'deleted';

-- ── nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE node (
  id            text PRIMARY KEY,
  name          text NOT NULL,
  token_hash    bytea NOT NULL CONSTRAINT node_token UNIQUE,
  state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'draining', 'retired')),
  -- What it said when it registered last.
  version       text,
  address       text,
  port_first    integer,
  port_last     integer,
  port_http     integer,
  port_socks    integer,
  allowed       text[] NOT NULL DEFAULT '{}',
  epoch         integer NOT NULL DEFAULT 0,
  registered_at timestamptz,
  heard_at      timestamptz,
  left_at       timestamptz,
  -- What it says each second.
  connections   integer NOT NULL DEFAULT 0,
  bytes_per_s   bigint NOT NULL DEFAULT 0,
  used_at       timestamptz,
  -- All access up to this number is in force there. Before `access_from` its digests are of another key.
  access_number bigint NOT NULL DEFAULT 0,
  access_from   bigint NOT NULL DEFAULT 0,
  key_version   integer NOT NULL DEFAULT 0,
  drain_s       integer,
  drain_at      timestamptz,
  created_at    timestamptz NOT NULL,
  retired_at    timestamptz
);

CREATE TABLE node_exit (
  node_id text NOT NULL REFERENCES node (id),
  address text NOT NULL,
  country text NOT NULL,
  region  text,
  city    text,
  asn     integer,
  product text NOT NULL,
  PRIMARY KEY (node_id, address)
);

-- ── usage ────────────────────────────────────────────────────────────────────────────────────────────────────────
-- Who counts, and how far its batches were taken. A process of a node is an epoch; a supplier's cursor has one.
-- bytes: what its batches billed.
CREATE TABLE usage_epoch (
  source    text NOT NULL,
  epoch     integer NOT NULL,
  seq       bigint NOT NULL DEFAULT 0,
  bytes     bigint NOT NULL DEFAULT 0,
  opened_at timestamptz NOT NULL,
  heard_at  timestamptz NOT NULL,
  closed_at timestamptz,
  PRIMARY KEY (source, epoch)
);
CREATE INDEX usage_epoch_open ON usage_epoch (heard_at) WHERE closed_at IS NULL;
INSERT INTO usage_epoch (source, epoch, bytes, opened_at, heard_at)
  SELECT 'sandbox', 1, coalesce((SELECT sum(bytes_up + bytes_down) FROM usage_hour), 0), now(), now();

-- Of an open epoch. Absolute numbers; the difference is what the node may still spend. is_short: it asked for more, and
-- has next to nothing.
CREATE TABLE lease (
  source   text NOT NULL,
  epoch    integer NOT NULL,
  subject  text NOT NULL,
  granted  bigint NOT NULL DEFAULT 0,
  used     bigint NOT NULL DEFAULT 0,
  is_short boolean NOT NULL DEFAULT false,
  PRIMARY KEY (source, epoch, subject),
  FOREIGN KEY (source, epoch) REFERENCES usage_epoch (source, epoch),
  CONSTRAINT lease_kept CHECK (used >= 0 AND used <= granted)
);
CREATE INDEX lease_subject ON lease (subject);
CREATE INDEX lease_short ON lease (subject) WHERE is_short;

-- What was counted and could not be billed: for a subject that nobody knows, or beyond what was bought.
CREATE TABLE usage_unplaced (
  id         bigserial PRIMARY KEY,
  source     text NOT NULL,
  epoch      integer NOT NULL,
  number     bigint NOT NULL,
  reason     text NOT NULL CHECK (reason IN ('unknown', 'quota')),
  subject    text NOT NULL,
  hour       timestamptz NOT NULL,
  country    text NOT NULL,
  target     text NOT NULL,
  bytes_up   bigint NOT NULL,
  bytes_down bigint NOT NULL,
  requests   bigint NOT NULL,
  errors     bigint NOT NULL,
  at         timestamptz NOT NULL
);

-- The bytes of hours that are kept no longer, so that what was used is still the sum of what was counted.
CREATE TABLE usage_forgotten (
  subject text PRIMARY KEY,
  bytes   bigint NOT NULL
);

-- ── access ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- One growing number. Who tells something takes the row's lock first, so numbers become visible in their order.
-- Changes up to `horizon` are no longer told one by one.
CREATE TABLE access_feed (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  number   bigint NOT NULL DEFAULT 0,
  horizon  bigint NOT NULL DEFAULT 0
);
INSERT INTO access_feed (number) VALUES (1);

-- The last change of each subject. What it is now, its own row says.
CREATE TABLE access_change (
  subject    text PRIMARY KEY,
  network    text NOT NULL,
  number     bigint NOT NULL CONSTRAINT access_change_number UNIQUE,
  version    integer NOT NULL,
  is_removed boolean NOT NULL DEFAULT false,
  at         timestamptz NOT NULL
);
CREATE INDEX access_change_removed ON access_change (at) WHERE is_removed;

-- Ports of static proxies. A port that was given up is not given out again for an hour.
CREATE TABLE entry_port (
  port       integer PRIMARY KEY,
  network_id text CONSTRAINT entry_port_owner UNIQUE,
  freed_at   timestamptz,
  CONSTRAINT entry_port_is_one CHECK ((network_id IS NULL) <> (freed_at IS NULL))
);

-- ── the sandbox network's own books ──────────────────────────────────────────────────────────────────────────────
-- Until when each of `blocks` is let in; null: no end.
ALTER TABLE sandbox_access ADD COLUMN block_ends timestamptz[];
-- Numbers of its IPv4 addresses, each used once.
CREATE SEQUENCE sandbox_address MINVALUE 0;

-- ── who may read and write what ──────────────────────────────────────────────────────────────────────────────────
-- Usage and leases are written by functions alone.
GRANT SELECT ON quota, usage_epoch, lease, usage_unplaced, usage_forgotten TO lumi_proxy;
GRANT SELECT, INSERT, UPDATE ON node, access_feed, access_change TO lumi_proxy;
GRANT SELECT, INSERT, DELETE ON node_exit TO lumi_proxy;
GRANT SELECT, INSERT, UPDATE, DELETE ON entry_port TO lumi_proxy;
GRANT UPDATE ON sandbox_traffic TO lumi_proxy;
GRANT DELETE ON access_change TO lumi_proxy;
GRANT USAGE ON SEQUENCE sandbox_address TO lumi_proxy;
-- Operators enrol and change nodes; they never see a token's hash.
GRANT USAGE ON SCHEMA proxy TO lumi_admin;
