-- Platform: what the three products share, as it was when migrations were squashed into one. Accounts, keys, the
-- ledger, idempotency, orders, events, deposits, operations, batches, quotes, lifecycle, reconciliation, the audit log;
-- last, who may read and write what.
--
-- Functions and triggers stand in `<room>/sql/`, one file each, and money moves only through them. Amounts are bigint
-- of 1/10,000 USD. Lock order in every function: order row before wallet row (a new order row is inserted while its
-- wallet row is locked) → idempotency → batch_item → batch → event; deposit row before wallet row. Functions that start
-- with the batch row take items with SKIP LOCKED or only such that nobody else may lock. Times in lifecycle tables are
-- the callers' clock, because the dates they are compared with come from suppliers, not from this database.

-- ── accounts and keys ────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE account (
  id         text PRIMARY KEY,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_key (
  id                 text PRIMARY KEY,
  product            text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  account_id         text REFERENCES account (id),
  type               text NOT NULL CHECK (type IN ('reseller', 'operator')),
  lineage_id         text NOT NULL,
  digest             bytea NOT NULL UNIQUE,
  pepper_version     integer NOT NULL,
  prefix             text NOT NULL,
  scopes             text[] NOT NULL,
  daily_cap          bigint CHECK (daily_cap >= 0),
  regular_per_minute integer CHECK (regular_per_minute > 0),
  money_per_minute   integer CHECK (money_per_minute > 0),
  ip_allowlist       cidr[] NOT NULL DEFAULT '{}',
  signing            text NOT NULL DEFAULT 'none' CHECK (signing IN ('none', 'v1', 'v2')),
  signing_secret     bytea,
  created_at         timestamptz NOT NULL DEFAULT now(),
  expires_at         timestamptz,
  revoked_at         timestamptz,
  replaced_by        text,
  last_used_at       timestamptz,
  generation         bigint NOT NULL DEFAULT 1,
  CHECK ((type = 'operator') = (account_id IS NULL)),
  CHECK ((signing = 'none') = (signing_secret IS NULL))
);
CREATE INDEX api_key_account ON api_key (account_id, created_at);
CREATE INDEX api_key_lineage ON api_key (lineage_id);

-- ── ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- `posted` is the sum of the wallet's entries; `held` the sum of its open orders. Available = posted - held, never
-- negative.
CREATE TABLE wallet (
  account_id text PRIMARY KEY REFERENCES account (id),
  posted     bigint NOT NULL DEFAULT 0,
  held       bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT wallet_available CHECK (posted - held >= 0)
);

CREATE TABLE transfer (
  id              text PRIMARY KEY,
  kind            text NOT NULL CHECK (kind IN ('deposit', 'charge', 'refund', 'adjustment')),
  account_id      text NOT NULL REFERENCES account (id),
  product         text,
  order_id        text,
  deposit_id      text,
  key_id          text,
  idempotency_key text,
  description     text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now()
);
-- An order is charged once and a deposit credited once, for ever.
CREATE UNIQUE INDEX transfer_charge_once ON transfer (order_id) WHERE kind = 'charge';
CREATE UNIQUE INDEX transfer_deposit_once ON transfer (deposit_id) WHERE kind = 'deposit';
CREATE INDEX transfer_order ON transfer (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE entry (
  seq            bigserial PRIMARY KEY,
  transfer_id    text NOT NULL REFERENCES transfer (id),
  ledger_account text NOT NULL,
  account_id     text,
  amount         bigint NOT NULL CHECK (amount <> 0),
  balance_after  bigint,
  created_at     timestamptz NOT NULL DEFAULT now(),
  CHECK ((account_id IS NULL) = (balance_after IS NULL)),
  CHECK (account_id IS NULL OR ledger_account = 'wallet:' || account_id)
);
CREATE INDEX entry_account ON entry (account_id, seq DESC) WHERE account_id IS NOT NULL;
CREATE INDEX entry_transfer ON entry (transfer_id);

-- Captured + held per key lineage and UTC day. Changed only while the lineage's wallet row is locked.
CREATE TABLE daily_spend (
  lineage_id text NOT NULL,
  day        date NOT NULL,
  spent      bigint NOT NULL CHECK (spent >= 0),
  PRIMARY KEY (lineage_id, day)
);

-- ── idempotency ──────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE idempotency (
  scope       text NOT NULL,
  product     text NOT NULL,
  key         text NOT NULL,
  fingerprint bytea NOT NULL,
  state       text NOT NULL CHECK (state IN ('claimed', 'done')),
  subject     text,
  status      integer,
  body        bytea,
  location    text,
  request_id  text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  done_at     timestamptz,
  -- An answer that holds a key is kept sealed, and only for a day: after that a repeat is told that it was given.
  sealed      boolean NOT NULL DEFAULT false,
  PRIMARY KEY (scope, product, key),
  CHECK ((state = 'done') = (status IS NOT NULL AND body IS NOT NULL AND done_at IS NOT NULL))
);
CREATE INDEX idempotency_age ON idempotency (done_at) WHERE state = 'done';
CREATE INDEX idempotency_sealed ON idempotency (done_at) WHERE sealed AND body <> '';

-- ── orders ─────────────────────────────────────────────────────────────────────────────────────────────────────── An
-- order row is the hold, the record of what was sent to the supplier, and the wake-up of the recovery worker (wake_at).
CREATE TABLE orders (
  seq           bigserial UNIQUE,
  id            text PRIMARY KEY,
  account_id    text NOT NULL REFERENCES account (id),
  product       text NOT NULL,
  kind          text NOT NULL,
  subject       text NOT NULL,
  item          jsonb NOT NULL,
  price         bigint NOT NULL CHECK (price >= 0),
  charged       bigint CHECK (charged >= 0 AND charged <= price),
  state         text NOT NULL CHECK (state IN ('acting', 'pending', 'captured', 'released')),
  lock_key      text,
  supplier_ref  text,
  result        jsonb,
  refusal_code  text,
  refusal_text  text,
  key_id        text NOT NULL,
  lineage_id    text NOT NULL,
  cap_day       date,
  idem_scope    text,
  idem_key      text,
  batch_id      text,
  batch_item    integer,
  reference     text,
  tags          text[] NOT NULL DEFAULT '{}',
  metadata      jsonb,
  request_id    text NOT NULL,
  attempt       integer NOT NULL DEFAULT 1,
  wake_at       timestamptz,
  stuck_since   timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now(),
  settled_at    timestamptz,
  -- Every input of the price and what it costs, line by line; see docs/decisions/0007. `facts` are the inputs, `cost`
  -- is [{label, unit, times, share: {part, of}}], whose sum is the price; `tariff` are catalogue prices a part of it is
  -- charged by.
  terms         jsonb NOT NULL,
  delivered     jsonb,
  CHECK ((state IN ('acting', 'pending')) = (settled_at IS NULL)),
  CHECK ((state IN ('acting', 'pending')) = (wake_at IS NOT NULL)),
  CHECK ((state = 'captured') = (charged IS NOT NULL))
);
-- One running paid operation per object, whoever asks: two buyers cannot both hold money for one name.
CREATE UNIQUE INDEX orders_one_open ON orders (product, lock_key) WHERE state IN ('acting', 'pending')
  AND lock_key IS NOT NULL;
-- It begins with the time: for "is this name being bought?" there is only the unique index left, which stays the best
-- one however few orders are open.
CREATE INDEX orders_due ON orders (wake_at, product) WHERE state IN ('acting', 'pending');
CREATE INDEX orders_account ON orders (account_id, product, seq DESC);
CREATE INDEX orders_batch ON orders (batch_id, batch_item) WHERE batch_id IS NOT NULL;
-- The judge of "never twice from one expiry": key = <thing>@<expiry it is renewed from>#<round>, and a round follows
-- only a released one.
CREATE UNIQUE INDEX orders_renewed_once ON orders (product, split_part(idem_key, '#', 1)) WHERE idem_scope = 'auto'
  AND state <> 'released';
COMMENT ON COLUMN orders.delivered IS
  'Lines of what was delivered in part, which is what was charged; null where all of the terms was.';

-- ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE event (
  seq        bigserial PRIMARY KEY,
  id         text NOT NULL UNIQUE,
  account_id text NOT NULL,
  product    text NOT NULL,
  type       text NOT NULL,
  subject    text NOT NULL,
  data       jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_account ON event (account_id, product, seq);

-- ── deposits ───────────────────────────────────────────────────────────────────────────────────────────────────── A
-- deposit is a customer's invoice at a payment provider, and its credit to the wallet, once for ever. A deposit row is
-- also the wake-up of the poller (wake_at).

CREATE TABLE deposit (
  seq                 bigserial UNIQUE,
  id                  text PRIMARY KEY,
  account_id          text NOT NULL REFERENCES account (id),
  product             text NOT NULL,
  provider            text NOT NULL,
  amount              bigint NOT NULL CHECK (amount > 0),
  state               text NOT NULL CHECK (state IN ('created', 'pending', 'confirming', 'paid', 'credited', 'expired',
    'cancelled', 'failed', 'refunded', 'disputed')),
  is_late             boolean NOT NULL DEFAULT false,
  asset               text,
  return_url          text,
  reference           text,
  expires_in_s        integer NOT NULL CHECK (expires_in_s > 0),
  provider_invoice_id text,
  pay_url             text,
  pay_urls            jsonb,
  expires_at          timestamptz,
  paid_at             timestamptz,
  paid_asset          text,
  paid_amount         text,
  fee_asset           text,
  fee_amount          text,
  failure             text,
  key_id              text NOT NULL,
  lineage_id          text NOT NULL,
  idem_scope          text NOT NULL,
  idem_key            text NOT NULL,
  request_id          text NOT NULL,
  wake_at             timestamptz,
  checked_at          timestamptz,
  created_at          timestamptz NOT NULL DEFAULT now(),
  settled_at          timestamptz,
  -- One invoice of a provider belongs to one deposit, so it can be credited to nobody else.
  CONSTRAINT deposit_invoice_once UNIQUE (provider, provider_invoice_id),
  CHECK (state NOT IN ('pending', 'confirming', 'paid', 'credited') OR provider_invoice_id IS NOT NULL),
  CHECK ((state IN ('created', 'pending', 'confirming', 'paid')) = (settled_at IS NULL)),
  CHECK (state NOT IN ('created', 'pending', 'confirming', 'paid') OR wake_at IS NOT NULL)
);
CREATE INDEX deposit_due ON deposit (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX deposit_account ON deposit (account_id, seq DESC);

-- The `sandbox` provider's own books: what a real provider would keep at its side.
CREATE TABLE sandbox_invoice (
  deposit_id text PRIMARY KEY,
  token      text NOT NULL UNIQUE,
  amount     bigint NOT NULL CHECK (amount > 0),
  return_url text,
  state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'cancelled')),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  paid_at    timestamptz,
  CHECK ((state = 'paid') = (paid_at IS NOT NULL))
);

-- A payment provider knows one address of ours for all products. Whoever gets a message about a payment that is another
-- product's leaves it here; that product's worker looks at its next round.
CREATE TABLE payment_hint (
  provider            text NOT NULL,
  provider_invoice_id text NOT NULL,
  deposit_id          text,
  created_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (provider, provider_invoice_id)
);

-- ── operations ───────────────────────────────────────────────────────────────────────────────────────────────────
-- Work on an object that moves no money (a reboot, a suspension). Like an order, a row is the record of what was asked
-- of the supplier and the wake-up of the recovery worker; work that costs money is an order and needs no row here.
CREATE TABLE operation (
  -- one count with orders: both are listed together
  seq          bigint NOT NULL UNIQUE DEFAULT nextval('orders_seq_seq'),
  id           text PRIMARY KEY,
  account_id   text NOT NULL REFERENCES account (id),
  product      text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  kind         text NOT NULL,
  subject      text NOT NULL,
  item         jsonb NOT NULL,
  state        text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  progress     integer NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
  waiting_for  text CHECK (waiting_for IN ('supplier', 'customer', 'operator')),
  supplier_ref text,
  result       jsonb,
  error_code   text,
  error_text   text,
  lock_key     text,
  key_id       text,
  request_id   text NOT NULL,
  attempt      integer NOT NULL DEFAULT 1,
  wake_at      timestamptz,
  stuck_since  timestamptz,
  created_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz,
  CHECK ((state = 'running') = (finished_at IS NULL)),
  CHECK ((state = 'running') = (wake_at IS NOT NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL))
);
-- One running operation per object.
CREATE UNIQUE INDEX operation_one_running ON operation (product, lock_key) WHERE state = 'running'
  AND lock_key IS NOT NULL;
CREATE INDEX operation_due ON operation (product, wake_at) WHERE state = 'running';
CREATE INDEX operation_account ON operation (account_id, product, seq DESC);
CREATE INDEX operation_subject ON operation (subject, seq DESC);

-- What an operation (or an order, under its operation id) made that is shown once: a root password. Sealed under the
-- services' key ring. It may be read again for a day after the operation has ended, or until its owner has it
-- forgotten: an answer that was lost on the way takes nothing away.
CREATE TABLE operation_secret (
  operation_id text PRIMARY KEY,
  account_id   text NOT NULL REFERENCES account (id),
  product      text NOT NULL,
  sealed       bytea NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX operation_secret_age ON operation_secret (created_at);

-- ── outbox ─────────────────────────────────────────────────────────────────────────────────────────────────────── The
-- truth about background work is in rows; the queue carries wake-ups, and losing every one of them costs time only. A
-- job to be handed to the queue, written by the transaction that makes it necessary. The row is deleted once the queue
-- has it.
CREATE TABLE outbox (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  product     text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  name        text NOT NULL,
  payload     jsonb NOT NULL,
  -- While a job under this name waits in the queue, another one is not needed.
  once        text,
  taken_until timestamptz,
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_product ON outbox (product, id);

-- ── batches ──────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE batch (
  seq         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  id          text PRIMARY KEY,
  account_id  text NOT NULL REFERENCES account (id),
  product     text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  -- The operation id of the bulk endpoint: which code buys its items.
  kind        text NOT NULL,
  -- inline: the caller waits for the results, and its claim ends with them. queued: the caller got 202.
  form        text NOT NULL CHECK (form IN ('inline', 'queued')),
  state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'cancelling', 'completed',
    'cancelled')),
  total       integer NOT NULL CHECK (total BETWEEN 1 AND 500),
  ok          integer,
  failed      integer,
  on_error    text NOT NULL CHECK (on_error IN ('continue', 'stop')),
  max_total   bigint CHECK (max_total >= 0),
  -- Held and captured by orders of this batch; kept only where there is a max_total.
  spent       bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
  -- How often its failed items were tried again, plus one.
  round       integer NOT NULL DEFAULT 1,
  key_id      text NOT NULL,
  lineage_id  text NOT NULL,
  is_operator boolean NOT NULL,
  idem_scope  text NOT NULL,
  idem_key    text NOT NULL,
  request_id  text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  started_at  timestamptz,
  touched_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CONSTRAINT batch_max_total CHECK (max_total IS NULL OR spent <= max_total),
  CHECK ((state IN ('completed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK ((finished_at IS NULL) = (ok IS NULL) AND (finished_at IS NULL) = (failed IS NULL)),
  CHECK (ok + failed = total)
);
CREATE INDEX batch_account ON batch (account_id, product, seq DESC);
CREATE INDEX batch_open ON batch (product, account_id, touched_at) WHERE finished_at IS NULL;

-- waiting → running (leased to one worker) → ok | failed; pending: its order exists and is for the recovery worker to
-- settle.
CREATE TABLE batch_item (
  batch_id    text NOT NULL REFERENCES batch (id),
  item        integer NOT NULL CHECK (item BETWEEN 0 AND 499),
  ref         text NOT NULL,
  input       jsonb NOT NULL,
  -- Repeats this earlier item and is therefore never executed.
  twin_of     integer,
  state       text NOT NULL CHECK (state IN ('waiting', 'running', 'pending', 'ok', 'failed')),
  round       integer NOT NULL DEFAULT 1,
  -- Fencing token: an order for this item is accepted only from the holder of the current attempt.
  attempt     integer NOT NULL DEFAULT 0,
  lease_until timestamptz,
  order_id    text,
  -- The answer of its purchase, byte for byte.
  result      text,
  error_code  text,
  error_text  text,
  error_details jsonb,
  settled_at  timestamptz,
  PRIMARY KEY (batch_id, item),
  CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CHECK ((state IN ('ok', 'failed')) = (settled_at IS NOT NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL)),
  CHECK ((state = 'ok') = (result IS NOT NULL)),
  CHECK (state <> 'ok' OR order_id IS NOT NULL),
  CHECK (state <> 'pending' OR order_id IS NOT NULL)
);

-- ── quotes ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- Prices told to an account and kept for a while. A line is what one purchase may be made at; the purchase that uses it
-- says so in the statement that holds the money, and the primary key of quote_use is the judge of "once".
CREATE TABLE quote (
  id         text PRIMARY KEY,
  account_id text NOT NULL REFERENCES account (id),
  product    text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  operation  text NOT NULL,
  key_id     text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX quote_age ON quote (expires_at);

-- `kind`, `subject` and `terms` say what is priced: a purchase matches when all three are equal. Lines without a price
-- were refused.
CREATE TABLE quote_line (
  quote_id     text NOT NULL REFERENCES quote (id) ON DELETE CASCADE,
  line         integer NOT NULL CHECK (line >= 0),
  ref          text NOT NULL,
  kind         text,
  terms        jsonb,
  price        bigint CHECK (price >= 0),
  parts        jsonb NOT NULL DEFAULT '[]',
  problem_code text,
  problem_text text,
  PRIMARY KEY (quote_id, line),
  CHECK ((price IS NULL) = (kind IS NULL) AND (price IS NULL) = (terms IS NULL)),
  CHECK (price IS NOT NULL OR problem_code IS NOT NULL)
);

-- Kept for as long as the order is: the audit compares the price of the order with the price of the line.
CREATE TABLE quote_use (
  quote_id text NOT NULL,
  line     integer NOT NULL,
  order_id text NOT NULL UNIQUE,
  price    bigint NOT NULL,
  CONSTRAINT quote_use_once PRIMARY KEY (quote_id, line)
);

-- ── lifecycle ──────────────────────────────────────────────────────────────────────────────────────────────────── No
-- row: on, without limits. The limits are the account's own, beside those of its keys: the key that switched auto-renew
-- on may be revoked by the time it acts.
CREATE TABLE auto_renew_settings (
  account_id    text NOT NULL REFERENCES account (id),
  product       text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  enabled       boolean NOT NULL DEFAULT true,
  daily_cap     bigint CHECK (daily_cap >= 0),
  monthly_cap   bigint CHECK (monthly_cap >= 0),
  max_price     bigint CHECK (max_price >= 0),
  priority      text NOT NULL DEFAULT 'soonest' CHECK (priority IN ('soonest', 'cheapest', 'dearest')),
  priority_tags text[] NOT NULL DEFAULT '{}',
  updated_at    timestamptz NOT NULL,
  PRIMARY KEY (account_id, product)
);

-- One row for each thing that comes near its expiry. `term` is the expiry the steps belong to and `done` are the steps
-- that were made for it; a step is made by the statement that writes its name here, together with its event and the
-- product's rows.
CREATE TABLE lifecycle (
  product       text NOT NULL CHECK (product IN ('domains', 'vps', 'proxy')),
  noun          text NOT NULL,
  resource      text NOT NULL,
  account_id    text NOT NULL REFERENCES account (id),
  term          timestamptz NOT NULL,
  auto_renew    boolean NOT NULL,
  price         bigint,
  done          text[] NOT NULL DEFAULT '{}',
  wake_at       timestamptz,
  tries         integer NOT NULL DEFAULT 0,
  stuck_since   timestamptz,
  attempt       integer NOT NULL DEFAULT 1,
  renew_at      timestamptz,
  renew_round   integer NOT NULL DEFAULT 1,
  renew_problem text,
  parked_at     timestamptz,
  PRIMARY KEY (product, resource)
);
CREATE INDEX lifecycle_due ON lifecycle (product, noun, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX lifecycle_renewal_due ON lifecycle (product, noun, renew_at) WHERE renew_at IS NOT NULL;
CREATE INDEX lifecycle_account ON lifecycle (account_id, product);

-- Whose renewals are being made, by whom no longer than until lease_until: one worker at a time, so that the account's
-- order of priority holds.
CREATE TABLE auto_renew_turn (
  product     text NOT NULL,
  noun        text NOT NULL,
  account_id  text NOT NULL REFERENCES account (id),
  lease_until timestamptz NOT NULL,
  attempt     integer NOT NULL DEFAULT 1,
  PRIMARY KEY (product, noun, account_id)
);

-- ── reads from suppliers ─────────────────────────────────────────────────────────────────────────────────────────
-- When somebody last asked for a thing to be read from its supplier. Here for all things of all products, so that those
-- without a row of their own (a glue host, a list) are asked for as often as the others: once a minute.
CREATE TABLE sync_turn (
  product  text NOT NULL,
  thing    text NOT NULL,
  asked_at timestamptz NOT NULL,
  PRIMARY KEY (product, thing)
);
CREATE INDEX sync_turn_old ON sync_turn (product, asked_at);

-- ── reconciliation ───────────────────────────────────────────────────────────────────────────────────────────────
-- Contradictions that were found, for the operators' queue. Nothing here repairs anything.
CREATE TABLE breach (
  seq           bigserial PRIMARY KEY,
  scope         text NOT NULL,
  rule          text NOT NULL,
  subject       text NOT NULL,
  detail        text NOT NULL,
  seen          integer NOT NULL DEFAULT 1,
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  cleared_at    timestamptz
);
-- One open row for each contradiction; one that comes back after it was gone is a new one.
CREATE UNIQUE INDEX breach_open ON breach (scope, rule, subject) WHERE cleared_at IS NULL;

-- When each part is looked at next, and how the last look went.
CREATE TABLE reconciliation (
  scope   text PRIMARY KEY,
  next_at timestamptz NOT NULL,
  attempt integer NOT NULL DEFAULT 1,
  ran_at  timestamptz,
  found   integer,
  failure text
);

-- ── audit log ────────────────────────────────────────────────────────────────────────────────────────────────────
-- What leads to money, told in rows that nobody can change: who did it, from where, and what was so before and after.
-- Written by the transaction of the act.
CREATE TABLE audit_log (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Null: it concerns all products (an account, a correction from the command line).
  product    text CHECK (product IN ('domains', 'vps', 'proxy')),
  actor      text NOT NULL CHECK (actor IN ('operator', 'reseller', 'cli')),
  key_id     text,
  address    text,
  request_id text,
  action     text NOT NULL,
  subject    text NOT NULL,
  account_id text,
  before     jsonb,
  after      jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((actor = 'cli') = (key_id IS NULL))
);
CREATE INDEX audit_log_subject ON audit_log (subject, seq DESC);
CREATE INDEX audit_log_account ON audit_log (account_id, seq DESC) WHERE account_id IS NOT NULL;

-- ── who may read and write what ────────────────────────────────────────────────────────────────────────────────── The
-- owner, who owns everything, serves no request. Services write through functions, each of which looks at its caller;
-- what they may read is that of their product (see the policies below). Grants on functions stand in the functions'
-- files.
GRANT USAGE ON SCHEMA platform TO lumi_gateway, lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
GRANT SELECT ON api_key TO lumi_gateway;
-- Without the digest and the signing secret.
GRANT SELECT (id, product, account_id, type, lineage_id, prefix, scopes, daily_cap, regular_per_minute,
  money_per_minute, ip_allowlist, signing, created_at, expires_at, revoked_at, replaced_by,
              last_used_at, generation) ON api_key TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
GRANT SELECT ON account, wallet, transfer, entry, daily_spend, idempotency, orders, event, deposit, operation, batch,
  batch_item, auto_renew_settings, lifecycle, breach, reconciliation
  TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
GRANT SELECT ON quote, quote_line, quote_use TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
GRANT INSERT ON quote, quote_line, quote_use TO lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT, INSERT ON outbox TO lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT ON sandbox_invoice TO lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT, INSERT (operation_id, account_id, product, sealed) ON operation_secret
  TO lumi_domains, lumi_vps, lumi_proxy;
GRANT INSERT ON payment_hint TO lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT, INSERT, UPDATE, DELETE ON sync_turn TO lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT ON sync_turn, audit_log TO lumi_admin;

-- ── rows of one product ──────────────────────────────────────────────────────────────────────────────────────────
-- Constants, so that the planner sees `product = 'proxy'`. Functions work as the owner, whom policies do not concern:
-- they look at the caller instead.
DO $policies$
DECLARE
  v_table text;
  v_product text;
  v_own text;
BEGIN
  FOR v_table, v_own IN
    VALUES ('orders', 'product = %L'), ('idempotency', 'product = %L'), ('event', 'product = %L'), ('deposit',
      'product = %L'), ('operation', 'product = %L'), ('operation_secret', 'product = %L'),
           ('outbox', 'product = %L'), ('batch', 'product = %L'), ('quote', 'product = %L'), ('auto_renew_settings',
             'product = %L'), ('api_key', 'product = %L'), ('auto_renew_turn', 'product = %L'), ('sync_turn',
               'product = %L'),
           ('batch_item', 'EXISTS (SELECT 1 FROM platform.batch b WHERE b.id = batch_id AND b.product = %L)'),
           ('quote_line', 'EXISTS (SELECT 1 FROM platform.quote q WHERE q.id = quote_id AND q.product = %L)'),
           ('quote_use', 'EXISTS (SELECT 1 FROM platform.quote q WHERE q.id = quote_id AND q.product = %L)'),
           ('sandbox_invoice', 'EXISTS (SELECT 1 FROM platform.deposit d WHERE d.id = deposit_id AND d.product = %L)'),
           ('breach', 'scope IN (''books'', %1$L, ''deposits-'' || %1$L)'), ('reconciliation',
             'scope IN (''books'', %1$L, ''deposits-'' || %1$L)')
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY admin_reads ON %I FOR SELECT TO lumi_admin USING (true)', v_table);
    FOREACH v_product IN ARRAY ARRAY['domains', 'vps', 'proxy'] LOOP
      -- Lines of a quote are inserted by the statement that inserts the quote, which a policy cannot see yet; a trigger
      -- looks afterwards.
      EXECUTE format('CREATE POLICY %I ON %I TO %I USING (%s)%s', 'own_' || v_product, v_table, 'lumi_' || v_product,
        format(v_own, v_product),
                     CASE WHEN v_table IN ('quote_line', 'quote_use') THEN ' WITH CHECK (true)' ELSE '' END);
    END LOOP;
  END LOOP;
END $policies$;
CREATE POLICY gateway_reads ON api_key FOR SELECT TO lumi_gateway USING (true);

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON audit_log FOR SELECT TO lumi_admin USING (true);
