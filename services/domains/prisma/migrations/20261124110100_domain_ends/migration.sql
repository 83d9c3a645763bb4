-- What time does next to a domain begins with its expiry, or with its deletion where that was earlier.
CREATE INDEX domain_ends ON domain ((least(expires_at, grace_ends_at))) WHERE ended_at IS NULL;
