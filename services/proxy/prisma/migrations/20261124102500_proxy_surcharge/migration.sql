-- What the country added to the price when the proxy was delivered, per 30 days: forecasts tell renewals from it without asking the network.
ALTER TABLE proxy ADD COLUMN surcharge bigint NOT NULL DEFAULT 0;
CREATE INDEX proxy_live_expiry ON proxy (expires_at) WHERE state = 'active';
CREATE INDEX traffic_plan_expiry ON traffic_plan (expires_at);
