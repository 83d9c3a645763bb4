-- When a sync was last asked for stands in platform.sync_turn. What the network lets in is read as well.
ALTER TABLE proxy DROP COLUMN sync_asked_at;
ALTER TABLE traffic_plan DROP COLUMN sync_asked_at;
ALTER TABLE subuser ADD COLUMN synced_at timestamptz;
