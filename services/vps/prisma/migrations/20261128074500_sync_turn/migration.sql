-- When a sync was last asked for stands in platform.sync_turn. A snapshot is read from where it lies as well, and may not be there any more.
ALTER TABLE server DROP COLUMN sync_asked_at;
ALTER TABLE snapshot ADD COLUMN synced_at timestamptz, ADD COLUMN missing_since timestamptz;
