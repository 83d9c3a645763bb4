-- The sandbox network's own books. Nothing of ours reads them but its adapter; they are kept apart as a supplier's would be.

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
  is_in_use  boolean NOT NULL DEFAULT true
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

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER sandbox_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sandbox_log FOR EACH STATEMENT EXECUTE FUNCTION append_only();

GRANT USAGE ON SCHEMA proxy TO lumi_proxy;
GRANT SELECT, INSERT, UPDATE ON sandbox_stock, sandbox_command, sandbox_exit, sandbox_access TO lumi_proxy;
GRANT SELECT, INSERT ON sandbox_log, sandbox_usage TO lumi_proxy;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA proxy TO lumi_proxy;
