-- The orders in which an account's servers are listed.
CREATE INDEX server_account_expiry ON server (account_id, (coalesce(expires_at, 'infinity')), seq);
CREATE INDEX server_account_hostname ON server (account_id, hostname, seq);
