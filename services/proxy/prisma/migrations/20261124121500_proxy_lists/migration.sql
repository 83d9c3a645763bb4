-- Lists by expiry go on by the number of a row, as those of all products do.
DROP INDEX proxy_expiry;
CREATE INDEX proxy_account_expiry ON proxy (account_id, expires_at, seq);
