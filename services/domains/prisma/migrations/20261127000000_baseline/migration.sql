-- Domains, as it was when migrations were squashed into one: the catalogue, contacts, the customers' domains, and the
-- sandbox registrar with its registry and its log. Amounts are bigint of 1/10,000 USD. Names are stored as A-labels in
-- lower case. Functions and triggers stand in `<room>/sql/`, one file each.

-- ── catalogue ────────────────────────────────────────────────────────────────────────────────────────────────────
-- Prices of one year; the rules of the registry are data, so that no code knows a TLD.
CREATE TABLE tld (
  tld                 text PRIMARY KEY,
  category            text NOT NULL,
  register            bigint NOT NULL CHECK (register >= 0),
  renew               bigint NOT NULL CHECK (renew >= 0),
  transfer            bigint NOT NULL CHECK (transfer >= 0),
  restore             bigint NOT NULL CHECK (restore >= 0),
  trade               bigint CHECK (trade >= 0),
  years_min           integer NOT NULL DEFAULT 1 CHECK (years_min >= 1),
  years_max           integer NOT NULL DEFAULT 10 CHECK (years_max >= years_min),
  idn_scripts         text[] NOT NULL DEFAULT '{}',
  privacy             boolean NOT NULL DEFAULT true,
  lock                boolean NOT NULL DEFAULT true,
  dnssec_max          integer NOT NULL DEFAULT 8,
  dnssec_algorithms   integer[] NOT NULL DEFAULT '{8,13,14,15}',
  ns_min              integer NOT NULL DEFAULT 2,
  ns_max              integer NOT NULL DEFAULT 13,
  add_days            integer NOT NULL,
  grace_days          integer NOT NULL,
  redemption_days     integer NOT NULL,
  pending_delete_days integer NOT NULL,
  transfer_lock_days  integer NOT NULL DEFAULT 60,
  auth_code_required  boolean NOT NULL DEFAULT true,
  contacts_required   boolean NOT NULL DEFAULT true,
  registrar           text NOT NULL DEFAULT 'sandbox',
  updated_at          timestamptz NOT NULL DEFAULT now(),
  -- A transfer in adds this many years to the expiry and is charged as one operation; some country registries add none.
  transfer_years      integer NOT NULL DEFAULT 1 CHECK (transfer_years >= 0),
  -- What the registry demands of contacts beyond what every contact has: a list of {fields, roles?, countries?}
  -- (src/catalogue/contact-rules.ts).
  contact_rules       jsonb NOT NULL DEFAULT '[{"fields": ["postal_code"], "countries": "with_postal_codes"}]'
);

-- ── contacts ─────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE contact (
  seq        bigserial UNIQUE,
  id         text PRIMARY KEY,
  account_id text NOT NULL,
  data       jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  -- A contact is read from its registrar when somebody asks, which may not know it any more.
  synced_at     timestamptz,
  missing_since timestamptz
);
CREATE INDEX contact_account ON contact (account_id, seq DESC);

-- ── domains ──────────────────────────────────────────────────────────────────────────────────────────────────────
-- What the registry last told us, plus what is the customer's own (tags, reference, metadata, auto_renew). The
-- milestones follow from the expiry and the TLD's days and are stored, so that lists can filter by state without
-- knowing a TLD.
CREATE TABLE domain (
  seq                  bigserial PRIMARY KEY,
  name                 text NOT NULL,
  unicode              text NOT NULL,
  tld                  text NOT NULL,
  account_id           text NOT NULL,
  order_id             text NOT NULL,
  registrar            text NOT NULL,
  state                text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'on_hold', 'pending_restore',
    'pending_transfer_out', 'transferred_out', 'deleted', 'released')),
  registry_statuses    text[] NOT NULL DEFAULT '{}',
  registered_at        timestamptz NOT NULL,
  expires_at           timestamptz NOT NULL,
  grace_ends_at        timestamptz NOT NULL,
  redemption_ends_at   timestamptz NOT NULL,
  delete_at            timestamptz NOT NULL,
  locked_until         timestamptz,
  auto_renew           boolean NOT NULL DEFAULT false,
  locked               boolean NOT NULL DEFAULT false,
  privacy              boolean NOT NULL DEFAULT false,
  nameservers          text[] NOT NULL DEFAULT '{}',
  registrant_id        text,
  admin_id             text,
  tech_id              text,
  billing_id           text,
  ds                   jsonb NOT NULL DEFAULT '[]',
  hosts                jsonb NOT NULL DEFAULT '{}',
  auth_code_expires_at timestamptz,
  premium_renew        bigint,
  premium_restore      bigint,
  tags                 text[] NOT NULL DEFAULT '{}',
  reference            text,
  metadata             jsonb,
  -- A change at the registry is running until then, or died: after it the registry is asked what it has.
  change_id            text,
  change_until         timestamptz,
  synced_at            timestamptz NOT NULL,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  ended_at             timestamptz,
  -- What the registry says about a name when it is asked: it may not know it any more. The domain is kept, and nothing
  -- can be done with it.
  missing_since        timestamptz,
  -- Whether the change that is open gives the name up: only then is a name that the registry does not know one that has
  -- ended.
  change_deletes       boolean NOT NULL DEFAULT false,
  CHECK ((change_id IS NULL) = (change_until IS NULL)),
  CHECK ((ended_at IS NULL) = (state NOT IN ('transferred_out', 'deleted', 'released')))
);
-- A name has one holder here at a time, and an order delivers one domain.
CREATE UNIQUE INDEX domain_name_live ON domain (name) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX domain_order ON domain (order_id);
CREATE INDEX domain_account ON domain (account_id, seq DESC);
CREATE INDEX domain_account_expiry ON domain (account_id, expires_at, seq);
CREATE INDEX domain_account_name ON domain (account_id, name);
-- What time does next to a domain begins with its expiry, or with its deletion where that was earlier.
CREATE INDEX domain_ends ON domain ((least(expires_at, grace_ends_at))) WHERE ended_at IS NULL;
CREATE INDEX domain_change_due ON domain (change_until) WHERE change_until IS NOT NULL;

-- ── sandbox registrar ──────────────────────────────────────────────────────────────────────────────────────────── Its
-- registry, as a real one would keep it at the other end of the wire. `sponsor`: held through us, or through somebody
-- else.
CREATE TABLE sandbox_name (
  name            text PRIMARY KEY,
  tld             text NOT NULL,
  sponsor         text NOT NULL CHECK (sponsor IN ('us', 'other')),
  registered_at   timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  deleted_at      timestamptz,
  locked          boolean NOT NULL DEFAULT false,
  privacy         boolean NOT NULL DEFAULT false,
  nameservers     text[] NOT NULL DEFAULT '{}',
  contacts        jsonb NOT NULL DEFAULT '{}',
  ds              jsonb NOT NULL DEFAULT '[]',
  hosts           jsonb NOT NULL DEFAULT '{}',
  auth_hash       text,
  auth_expires_at timestamptz,
  updated_at      timestamptz NOT NULL
);

CREATE TABLE sandbox_contact (
  handle text PRIMARY KEY,
  data   jsonb NOT NULL
);

-- The outside witness: every command that reached the registry with our reference and how it ended. One ending for each
-- reference, ever.
CREATE TABLE sandbox_log (
  seq     bigserial PRIMARY KEY,
  ref     text NOT NULL,
  command text NOT NULL,
  name    text NOT NULL,
  ending  text NOT NULL CHECK (ending IN ('pending', 'done', 'refused')),
  code    text,
  fee     bigint,
  info    jsonb,
  at      timestamptz NOT NULL,
  CHECK ((ending = 'refused') = (code IS NOT NULL))
);
CREATE UNIQUE INDEX sandbox_log_ended_once ON sandbox_log (ref) WHERE ending <> 'pending';
CREATE UNIQUE INDEX sandbox_log_pending_once ON sandbox_log (ref) WHERE ending = 'pending';
CREATE INDEX sandbox_log_name ON sandbox_log (name);

-- How often a reference was tried and looked up: what the magic names count. No truth, only stage directions.
CREATE TABLE sandbox_play (
  ref      text PRIMARY KEY,
  attempts integer NOT NULL DEFAULT 0,
  look_ups integer NOT NULL DEFAULT 0
);

-- ── least power ──────────────────────────────────────────────────────────────────────────────────────────────────
GRANT USAGE ON SCHEMA domains TO lumi_domains;
GRANT SELECT ON tld TO lumi_domains;
GRANT SELECT, INSERT, UPDATE ON contact, domain TO lumi_domains;
GRANT SELECT, INSERT, UPDATE, DELETE ON sandbox_name, sandbox_contact, sandbox_play TO lumi_domains;
GRANT SELECT, INSERT ON sandbox_log TO lumi_domains;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA domains TO lumi_domains;

-- ── the catalogue of a fresh installation ────────────────────────────────────────────────────────────────────────
-- Where contacts are not required, the account holder stands in for a missing one. Prices are those of one year, in
-- 1/10,000 USD.
INSERT INTO tld (tld, category, register, renew, transfer, restore, trade, years_max, idn_scripts, privacy, lock,
  ns_min, add_days, grace_days, redemption_days, pending_delete_days, transfer_lock_days, auth_code_required,
    contacts_required) VALUES
  ('test',   'sandbox',  10000,  10000,  10000,  50000, NULL, 10, '{Latin,Cyrillic,Greek,Han,Hiragana,Katakana}', true,
     true,  0, 5, 45, 30, 5, 60, true,  false),
  ('com',    'generic', 104400, 104400, 104400, 800000, NULL, 10,
    '{Latin,Cyrillic,Greek,Han,Hiragana,Katakana,Hangul,Arabic,Hebrew,Thai}', true, true, 2, 5, 45, 30, 5, 60, true,
      false),
  ('net',    'generic', 119800, 124800, 119800, 800000, NULL, 10,
    '{Latin,Cyrillic,Greek,Han,Hiragana,Katakana,Hangul,Arabic,Hebrew,Thai}', true, true, 2, 5, 45, 30, 5, 60, true,
      false),
  ('org',    'generic',  74800, 107400, 107400, 800000, NULL, 10, '{Latin,Cyrillic,Han}', true, true, 2, 5, 45, 30, 5,
    60, true, false),
  ('xyz',    'generic',  20400, 129800, 129800, 850000, NULL, 10, '{Latin,Cyrillic,Han,Arabic}', true, true, 2, 5, 40,
    30, 5, 60, true, false),
  ('app',    'generic', 123700, 149800, 149800, 900000, NULL, 10, '{Latin,Han}', true, true, 2, 5, 45, 30, 5, 60, true,
    false),
  ('dev',    'generic', 108700, 128700, 128700, 900000, NULL, 10, '{Latin,Han}', true, true, 2, 5, 45, 30, 5, 60, true,
    false),
  ('io',     'country', 345000, 499800, 499800, 1100000, NULL, 10, '{}', true, true, 2, 5, 30, 30, 5, 60, true, true),
  ('ai',     'country', 699000, 799000, 799000, 1500000, NULL, 10, '{}', true, true, 2, 5, 30, 30, 5, 60, true, true),
  ('de',     'country',  45000,  55000,  45000, 650000, NULL, 1,  '{Latin}', false, false, 2, 0, 0, 30, 0, 0, true,
    true),
  ('co.uk',  'country',  52000,  69000,      0, 250000, 120000, 10, '{}', true, false, 2, 0, 30, 60, 2, 0, false, true);
UPDATE tld SET years_min = 2 WHERE tld = 'ai';
UPDATE tld SET dnssec_max = 4 WHERE tld = 'de';
UPDATE tld SET transfer_years = 0 WHERE tld = 'co.uk';
UPDATE tld SET contact_rules = '[]' WHERE category = 'sandbox';
