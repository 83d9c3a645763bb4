-- Domains: the catalogue, contacts, the customers' domains, and the sandbox registrar with its registry and its log.
-- Amounts are bigint of 1/10,000 USD. Names are stored as A-labels in lower case.

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
  updated_at          timestamptz NOT NULL DEFAULT now()
);

-- ── contacts ─────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE contact (
  seq        bigserial UNIQUE,
  id         text PRIMARY KEY,
  account_id text NOT NULL,
  data       jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE INDEX contact_account ON contact (account_id, seq DESC);

-- ── domains ──────────────────────────────────────────────────────────────────────────────────────────────────────
-- What the registry last told us, plus what is the customer's own (tags, reference, metadata, auto_renew). The milestones
-- follow from the expiry and the TLD's days and are stored, so that lists can filter by state without knowing a TLD.
CREATE TABLE domain (
  seq                  bigserial PRIMARY KEY,
  name                 text NOT NULL,
  unicode              text NOT NULL,
  tld                  text NOT NULL,
  account_id           text NOT NULL,
  order_id             text NOT NULL,
  registrar            text NOT NULL,
  state                text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'on_hold', 'pending_restore', 'pending_transfer_out', 'transferred_out', 'deleted', 'released')),
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
  CHECK ((change_id IS NULL) = (change_until IS NULL)),
  CHECK ((ended_at IS NULL) = (state NOT IN ('transferred_out', 'deleted', 'released')))
);
-- A name has one holder here at a time, and an order delivers one domain.
CREATE UNIQUE INDEX domain_name_live ON domain (name) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX domain_order ON domain (order_id);
CREATE INDEX domain_account ON domain (account_id, seq DESC);
CREATE INDEX domain_account_expiry ON domain (account_id, expires_at, seq);
CREATE INDEX domain_account_name ON domain (account_id, name);
CREATE INDEX domain_change_due ON domain (change_until) WHERE change_until IS NOT NULL;

-- ── sandbox registrar ────────────────────────────────────────────────────────────────────────────────────────────
-- Its registry, as a real one would keep it at the other end of the wire. `sponsor`: held through us, or through somebody else.
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

-- The outside witness: every command that reached the registry with our reference and how it ended. One ending for each reference, ever.
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

CREATE FUNCTION sandbox_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the sandbox log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER sandbox_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sandbox_log FOR EACH STATEMENT EXECUTE FUNCTION sandbox_log_append_only();

-- How often a reference was tried and looked up: what the magic names count. No truth, only stage directions.
CREATE TABLE sandbox_play (
  ref      text PRIMARY KEY,
  attempts integer NOT NULL DEFAULT 0,
  look_ups integer NOT NULL DEFAULT 0
);

CREATE FUNCTION sandbox_time(p_at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
$$;

CREATE FUNCTION sandbox_phase(p_name sandbox_name, p_now timestamptz) RETURNS text LANGUAGE sql STABLE SET search_path = domains, pg_temp AS $$
  SELECT CASE
    WHEN p_name.deleted_at IS NULL AND p_now < p_name.expires_at THEN 'active'
    WHEN p_name.deleted_at IS NULL AND p_now < g.ends THEN 'grace'
    WHEN p_now < g.ends + make_interval(days => t.redemption_days) THEN 'redemption'
    WHEN p_now < g.ends + make_interval(days => t.redemption_days + t.pending_delete_days) THEN 'pending_delete'
    ELSE 'free' END
  FROM tld t, LATERAL (SELECT coalesce(p_name.deleted_at, p_name.expires_at + make_interval(days => t.grace_days)) AS ends) g
  WHERE t.tld = p_name.tld;
$$;

CREATE FUNCTION sandbox_info(p_name sandbox_name, p_now timestamptz) RETURNS jsonb LANGUAGE sql STABLE SET search_path = domains, pg_temp AS $$
  SELECT jsonb_build_object(
    'name', p_name.name, 'registered_at', sandbox_time(p_name.registered_at), 'expires_at', sandbox_time(p_name.expires_at),
    'deleted_at', sandbox_time(p_name.deleted_at), 'held_by_us', p_name.sponsor = 'us',
    'statuses', CASE WHEN p_name.locked THEN '["clientTransferProhibited"]'::jsonb WHEN cardinality(p_name.nameservers) = 0 THEN '["inactive"]'::jsonb ELSE '["ok"]'::jsonb END
      || CASE sandbox_phase(p_name, p_now) WHEN 'redemption' THEN '["pendingDelete","redemptionPeriod"]'::jsonb WHEN 'pending_delete' THEN '["pendingDelete"]'::jsonb ELSE '[]'::jsonb END,
    'locked', p_name.locked, 'privacy', p_name.privacy, 'nameservers', to_jsonb(p_name.nameservers), 'contacts', p_name.contacts, 'ds', p_name.ds, 'hosts', p_name.hosts,
    'auth_code_expires_at', sandbox_time(p_name.auth_expires_at));
$$;

-- Executes one command under our reference, once: a second call with the same reference, at the same time or a year later, gets the
-- recorded ending. `p_play` is the stage direction of a magic name: 'pending' takes the command without executing it, 'refuse' refuses it.
CREATE FUNCTION sandbox_execute(
  p_command text, p_ref text, p_name text, p_tld text, p_now timestamptz, p_payload jsonb, p_play text,
  OUT ending text, OUT code text, OUT info jsonb
) LANGUAGE plpgsql SET search_path = domains, pg_temp AS $$
DECLARE
  v_name sandbox_name%ROWTYPE;
  v_now timestamptz := date_trunc('second', p_now);
  v_fee bigint := (p_payload ->> 'fee')::bigint;
  v_years integer := coalesce((p_payload ->> 'years')::integer, 1);
  v_phase text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_ref, 11));
  SELECT l.ending, l.code, l.info INTO ending, code, info FROM sandbox_log l WHERE l.ref = p_ref AND l.ending <> 'pending';
  IF FOUND THEN
    RETURN;
  END IF;
  IF p_play = 'pending' THEN
    INSERT INTO sandbox_log (ref, command, name, ending, fee, at) VALUES (p_ref, p_command, p_name, 'pending', v_fee, p_now) ON CONFLICT DO NOTHING;
    ending := 'pending';
    RETURN;
  END IF;

  ending := 'done';
  IF p_play = 'refuse' THEN
    code := p_payload ->> 'refuse_code';
  ELSIF p_payload ? 'fee_due' AND (p_payload ->> 'fee_due') IS DISTINCT FROM (p_payload ->> 'fee') THEN
    code := 'price_changed';
  ELSIF p_command = 'register' THEN
    INSERT INTO sandbox_name AS n (name, tld, sponsor, registered_at, expires_at, locked, privacy, nameservers, contacts, updated_at)
      VALUES (p_name, p_tld, 'us', v_now, v_now + make_interval(years => v_years), (p_payload ->> 'locked')::boolean, (p_payload ->> 'privacy')::boolean,
              ARRAY(SELECT jsonb_array_elements_text(p_payload -> 'nameservers')), p_payload -> 'contacts', p_now)
      ON CONFLICT (name) DO UPDATE SET
        sponsor = 'us', registered_at = excluded.registered_at, expires_at = excluded.expires_at, deleted_at = NULL, locked = excluded.locked, privacy = excluded.privacy,
        nameservers = excluded.nameservers, contacts = excluded.contacts, ds = '[]', hosts = '{}', auth_hash = NULL, auth_expires_at = NULL, updated_at = excluded.updated_at
        WHERE sandbox_phase(n, p_now) = 'free'
      RETURNING n.* INTO v_name;
    IF NOT FOUND THEN
      code := 'not_available';
    END IF;
  ELSIF p_command = 'transfer' THEN
    INSERT INTO sandbox_name AS n (name, tld, sponsor, registered_at, expires_at, locked, privacy, nameservers, contacts, updated_at)
      VALUES (p_name, p_tld, 'us', v_now - interval '1 year', v_now + interval '200 days' + make_interval(years => v_years), (p_payload ->> 'locked')::boolean, (p_payload ->> 'privacy')::boolean,
              ARRAY(SELECT jsonb_array_elements_text(p_payload -> 'nameservers')), p_payload -> 'contacts', p_now)
      ON CONFLICT (name) DO UPDATE SET
        sponsor = 'us', expires_at = n.expires_at + make_interval(years => v_years), locked = excluded.locked, privacy = excluded.privacy,
        nameservers = CASE WHEN (p_payload ->> 'keep_nameservers')::boolean THEN n.nameservers ELSE excluded.nameservers END,
        contacts = excluded.contacts, auth_hash = NULL, auth_expires_at = NULL, updated_at = excluded.updated_at
        WHERE n.sponsor = 'other' AND NOT n.locked
      RETURNING n.* INTO v_name;
    IF NOT FOUND THEN
      code := 'state_conflict';
    END IF;
  ELSE
    SELECT * INTO v_name FROM sandbox_name n WHERE n.name = p_name AND n.sponsor = 'us' FOR UPDATE;
    v_phase := CASE WHEN FOUND THEN sandbox_phase(v_name, p_now) ELSE 'free' END;
    IF p_command = 'renew' THEN
      IF v_phase NOT IN ('active', 'grace') OR v_name.expires_at + make_interval(years => v_years) > p_now + interval '10 years 1 day' THEN
        code := 'state_conflict';
      ELSIF v_name.expires_at <> (p_payload ->> 'current_expires_at')::timestamptz THEN
        code := 'expiry_mismatch';
      ELSE
        UPDATE sandbox_name n SET expires_at = n.expires_at + make_interval(years => v_years), updated_at = p_now WHERE n.name = p_name RETURNING n.* INTO v_name;
      END IF;
    ELSIF p_command = 'restore' THEN
      IF v_phase <> 'redemption' THEN
        code := 'state_conflict';
      ELSE
        UPDATE sandbox_name n SET expires_at = n.expires_at + make_interval(years => v_years), deleted_at = NULL, updated_at = p_now WHERE n.name = p_name RETURNING n.* INTO v_name;
      END IF;
    ELSIF p_command = 'delete' THEN
      IF v_phase NOT IN ('active', 'grace') THEN
        code := 'state_conflict';
      ELSIF p_now < v_name.registered_at + make_interval(days => (SELECT t.add_days FROM tld t WHERE t.tld = p_tld)) THEN
        DELETE FROM sandbox_name n WHERE n.name = p_name;
        v_name.deleted_at := p_now;
      ELSE
        UPDATE sandbox_name n SET deleted_at = p_now, updated_at = p_now WHERE n.name = p_name RETURNING n.* INTO v_name;
      END IF;
    ELSIF v_phase NOT IN ('active', 'grace') THEN
      code := 'state_conflict';
    ELSE
      UPDATE sandbox_name n SET
        nameservers = CASE WHEN p_payload ? 'nameservers' THEN ARRAY(SELECT jsonb_array_elements_text(p_payload -> 'nameservers')) ELSE n.nameservers END,
        locked = coalesce((p_payload ->> 'locked')::boolean, n.locked), privacy = coalesce((p_payload ->> 'privacy')::boolean, n.privacy),
        contacts = coalesce(p_payload -> 'contacts', n.contacts), ds = coalesce(p_payload -> 'ds', n.ds), hosts = coalesce(p_payload -> 'hosts', n.hosts),
        auth_hash = CASE WHEN p_payload ? 'auth_hash' THEN p_payload ->> 'auth_hash' ELSE n.auth_hash END,
        auth_expires_at = CASE WHEN p_payload ? 'auth_hash' THEN (p_payload ->> 'auth_expires_at')::timestamptz ELSE n.auth_expires_at END,
        updated_at = p_now
        WHERE n.name = p_name RETURNING n.* INTO v_name;
    END IF;
  END IF;

  IF code IS NULL THEN
    info := sandbox_info(v_name, p_now);
    INSERT INTO sandbox_contact (handle, data) SELECT c.key, c.value FROM jsonb_each(coalesce(p_payload -> 'contact_data', '{}')) c
      ON CONFLICT (handle) DO UPDATE SET data = excluded.data;
  ELSE
    ending := 'refused';
  END IF;
  INSERT INTO sandbox_log (ref, command, name, ending, code, fee, info, at) VALUES (p_ref, p_command, p_name, ending, code, v_fee, info, p_now);
END $$;

-- ── least power ──────────────────────────────────────────────────────────────────────────────────────────────────
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA domains FROM PUBLIC;
GRANT USAGE ON SCHEMA domains TO lumi_domains;
GRANT SELECT ON tld TO lumi_domains;
GRANT SELECT, INSERT, UPDATE ON contact, domain TO lumi_domains;
GRANT SELECT, INSERT, UPDATE, DELETE ON sandbox_name, sandbox_contact, sandbox_play TO lumi_domains;
GRANT SELECT, INSERT ON sandbox_log TO lumi_domains;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA domains TO lumi_domains;
GRANT EXECUTE ON FUNCTION sandbox_time, sandbox_phase, sandbox_info, sandbox_execute TO lumi_domains;
