-- When somebody last asked for a thing to be read from its supplier. Here for all things of all products, so that those without a row of their own (a glue host,
-- a list) are asked for as often as the others: once a minute.
CREATE TABLE sync_turn (
  product  text NOT NULL,
  thing    text NOT NULL,
  asked_at timestamptz NOT NULL,
  PRIMARY KEY (product, thing)
);
CREATE INDEX sync_turn_old ON sync_turn (product, asked_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON sync_turn TO lumi_domains, lumi_vps, lumi_proxy;
GRANT SELECT ON sync_turn TO lumi_admin;
ALTER TABLE sync_turn ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON sync_turn FOR SELECT TO lumi_admin USING (true);
CREATE POLICY own_domains ON sync_turn TO lumi_domains USING (product = 'domains');
CREATE POLICY own_vps ON sync_turn TO lumi_vps USING (product = 'vps');
CREATE POLICY own_proxy ON sync_turn TO lumi_proxy USING (product = 'proxy');
