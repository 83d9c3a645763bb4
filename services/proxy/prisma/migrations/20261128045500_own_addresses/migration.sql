-- ── addresses of nodes as stock ──────────────────────────────────────────────────────────────────────────────────
ALTER TABLE node
  -- The host that customers connect to at this node; null: that of the service.
  ADD COLUMN entry_host text;
ALTER TABLE access_feed
  -- The number at which the exits of the nodes changed last.
  ADD COLUMN exits_number bigint NOT NULL DEFAULT 0;

-- One row for each address that a node brought, or IPv6 block of 64 bits. held: given out by a command, and not a proxy
-- yet. resting: was given up, and is not sold again for a while. withdrawn: no node brings it any more. What is held or
-- sold may be brought by no node, too: then is_listed is false.
CREATE TABLE own_stock (
  address    inet PRIMARY KEY,
  node_id    text NOT NULL REFERENCES node (id),
  product_id text NOT NULL,
  country    text NOT NULL,
  region     text,
  city       text,
  asn        integer,
  -- Codes of region and city, by which an order asks for them.
  places     text[] NOT NULL DEFAULT '{}',
  state      text NOT NULL CHECK (state IN ('free', 'held', 'sold', 'resting', 'withdrawn')),
  is_listed  boolean NOT NULL DEFAULT true,
  -- Who has it: one at most.
  network_id text CONSTRAINT own_stock_holder UNIQUE,
  -- Of a block, the address that was sold.
  exit_ip    inet,
  -- When it was given up last.
  freed_at   timestamptz,
  CONSTRAINT own_stock_held CHECK ((state IN ('held', 'sold')) = (network_id IS NOT NULL)
    AND (network_id IS NULL) = (exit_ip IS NULL)),
  CONSTRAINT own_stock_listed CHECK (is_listed = (state <> 'withdrawn') OR network_id IS NOT NULL)
);
CREATE INDEX own_stock_free ON own_stock (product_id, country, freed_at NULLS FIRST, address)
  WHERE state IN ('free', 'resting');
CREATE INDEX own_stock_node ON own_stock (node_id);

-- What was given out, for ever: the books of the network `own`.
CREATE TABLE own_exit (
  network_id text PRIMARY KEY,
  reference  text NOT NULL,
  product_id text NOT NULL,
  country    text NOT NULL,
  address    inet NOT NULL REFERENCES own_stock (address),
  sold_at    timestamptz NOT NULL
);
CREATE INDEX own_exit_reference ON own_exit (reference);

CREATE TABLE own_command (
  reference    text PRIMARY KEY,
  command      text NOT NULL CHECK (command IN ('allocate', 'extend', 'replace', 'rotate', 'add-traffic')),
  request      jsonb NOT NULL,
  state        text NOT NULL CHECK (state IN ('unseen', 'executed', 'refused')),
  result       jsonb,
  refusal_code text,
  refusal_text text,
  created_at   timestamptz NOT NULL,
  CONSTRAINT own_command_end CHECK ((state = 'executed') = (result IS NOT NULL)
    AND (state = 'refused') = (refusal_code IS NOT NULL))
);

GRANT SELECT, INSERT, UPDATE ON own_stock, own_exit, own_command TO lumi_proxy;
GRANT SELECT (entry_host) ON node TO lumi_admin;
GRANT SELECT ON own_stock TO lumi_admin;
