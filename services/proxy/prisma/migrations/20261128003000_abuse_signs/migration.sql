-- Signs of abuse that nodes saw, for operators: one of each sign, subject (or address) and hour.
CREATE TABLE abuse_sign (
  seq        bigserial CONSTRAINT abuse_sign_seq UNIQUE,
  sign       text NOT NULL CHECK (sign IN ('refused-ports', 'many-targets', 'login-guessing')),
  -- The proxy, plan or sub-user; of guessed logins the address they came from.
  who        text NOT NULL,
  hour       timestamptz NOT NULL,
  at         timestamptz NOT NULL,
  account_id text,
  node_id    text NOT NULL,
  PRIMARY KEY (hour, sign, who)
);
CREATE INDEX abuse_sign_age ON abuse_sign (at);
-- They are written and deleted by functions alone.
GRANT SELECT ON abuse_sign TO lumi_proxy;
