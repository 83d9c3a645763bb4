-- How far a reader of a product's feed has come, by the name that the customer gave it.
CREATE TABLE event_consumer (
  account_id text NOT NULL REFERENCES account (id),
  product    text NOT NULL,
  name       text NOT NULL,
  seq        bigint NOT NULL,
  event_id   text NOT NULL,
  acked_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, product, name)
);
ALTER TABLE event_consumer ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON event_consumer FOR SELECT TO lumi_admin USING (true);
CREATE POLICY own_domains ON event_consumer TO lumi_domains USING (product = 'domains');
CREATE POLICY own_vps ON event_consumer TO lumi_vps USING (product = 'vps');
CREATE POLICY own_proxy ON event_consumer TO lumi_proxy USING (product = 'proxy');

-- The greatest number among the events of an account that are no longer kept. A reader whose position is below it has
-- missed some. The feed is a product, or `account` for events about the account itself.
CREATE TABLE event_forgotten (
  account_id text NOT NULL,
  feed       text NOT NULL,
  seq        bigint NOT NULL,
  PRIMARY KEY (account_id, feed)
);
ALTER TABLE event_forgotten ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON event_forgotten FOR SELECT TO lumi_admin USING (true);
CREATE POLICY own_domains ON event_forgotten TO lumi_domains USING (feed IN ('domains', 'account'));
CREATE POLICY own_vps ON event_forgotten TO lumi_vps USING (feed IN ('vps', 'account'));
CREATE POLICY own_proxy ON event_forgotten TO lumi_proxy USING (feed IN ('proxy', 'account'));

GRANT SELECT ON event_consumer, event_forgotten TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
