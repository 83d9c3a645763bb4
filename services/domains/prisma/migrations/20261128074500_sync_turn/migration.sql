-- When a sync was last asked for stands in platform.sync_turn. A contact is read from its registrar as well, which may not know it any more.
ALTER TABLE domain DROP COLUMN sync_asked_at;
ALTER TABLE contact ADD COLUMN synced_at timestamptz, ADD COLUMN missing_since timestamptz;
