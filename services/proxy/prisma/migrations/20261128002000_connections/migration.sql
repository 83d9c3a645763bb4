-- How connections through nodes ended, as nodes report it: for customers to look at, billed by nothing. At most 10,000
-- of each account, whose number is kept beside them.
CREATE TABLE connection (
  seq        bigserial CONSTRAINT connection_seq UNIQUE,
  id         text PRIMARY KEY,
  account_id text NOT NULL,
  subject    text NOT NULL,
  -- Of a plan and its sub-users.
  plan_id    text,
  node_id    text NOT NULL,
  at         timestamptz NOT NULL,
  client     inet NOT NULL,
  protocol   text NOT NULL CHECK (protocol IN ('http', 'socks5')),
  target     text,
  exit       inet,
  bytes_up   bigint NOT NULL,
  bytes_down bigint NOT NULL,
  ms         integer NOT NULL,
  refusal    text
);
CREATE INDEX connection_account ON connection (account_id, seq DESC);
CREATE INDEX connection_subject ON connection (account_id, subject, seq DESC);
CREATE INDEX connection_plan ON connection (account_id, plan_id, seq DESC) WHERE plan_id IS NOT NULL;
CREATE INDEX connection_age ON connection (at);

CREATE TABLE connection_count (
  account_id text PRIMARY KEY,
  rows       bigint NOT NULL CHECK (rows >= 0)
);

-- They are written by functions alone.
GRANT SELECT ON connection TO lumi_proxy;
