-- For the deletion of old hours, oldest first. CONCURRENTLY, because usage is written meanwhile.
CREATE INDEX CONCURRENTLY IF NOT EXISTS usage_hour_age ON usage_hour (hour);
