-- Which key made a link, so that the link ends with it. A link without one gives nothing any more.
ALTER TABLE export_link ADD COLUMN key_id text, ADD COLUMN lineage_id text;
-- Reads of all links of an account in its present hour.
CREATE TABLE export_link_hour (
  account_id text PRIMARY KEY,
  hour_from  timestamptz NOT NULL,
  reads      integer NOT NULL
);
GRANT SELECT ON export_link_hour TO lumi_proxy;

-- A link is read every minute, and mostly nothing has changed: `same_as` is the earlier row that has the ids.
ALTER TABLE reveal ADD COLUMN same_as bigint;
ALTER TABLE export_link ADD COLUMN reveal_seq bigint;

-- For what is kept for a time only.
CREATE INDEX usage_unplaced_age ON usage_unplaced (at);
