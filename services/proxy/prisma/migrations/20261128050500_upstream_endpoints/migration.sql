-- Where nodes pass the traffic of a supplier's proxies on to, and when the supplier was last asked for its address. The
-- password is sealed. A row of the release before has none of these, until the supplier is asked.
ALTER TABLE upstream_exit
  ADD COLUMN port integer CHECK (port BETWEEN 1 AND 65535),
  ADD COLUMN protocol text CHECK (protocol IN ('http', 'socks5')),
  ADD COLUMN username text,
  ADD COLUMN password bytea,
  ADD COLUMN read_at timestamptz,
  ADD CONSTRAINT upstream_exit_endpoint CHECK (num_nulls(port, protocol, username, password) IN (0, 4));
CREATE INDEX upstream_exit_unread ON upstream_exit (read_at NULLS FIRST) WHERE is_in_use;
