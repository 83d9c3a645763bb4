-- `balance.low` is written when less than low_at is available; null: never. renewals_told is the last UTC day on which
-- the account got `balance.insufficient_for_renewals`.
ALTER TABLE wallet ADD COLUMN low_at bigint CHECK (low_at >= 0);
ALTER TABLE wallet ADD COLUMN renewals_told date;
-- Whether `key.cap_reached` was written that day.
ALTER TABLE daily_spend ADD COLUMN cap_told boolean NOT NULL DEFAULT false;
-- The expiry for which `key.expiring` was written.
ALTER TABLE api_key ADD COLUMN expiry_told timestamptz;
CREATE INDEX api_key_expiry ON api_key (product, expires_at) WHERE expires_at IS NOT NULL AND revoked_at IS NULL;
