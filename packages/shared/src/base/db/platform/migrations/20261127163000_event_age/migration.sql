-- For the deletion of old events, oldest first, product by product. CONCURRENTLY, because purchases write events
-- meanwhile.
CREATE INDEX CONCURRENTLY IF NOT EXISTS event_age ON event (product, created_at);
