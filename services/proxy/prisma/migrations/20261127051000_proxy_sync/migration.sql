-- What the network says about a proxy or a plan when it is asked: it may not know it any more (it is kept, and nothing can be bought for it), and its
-- owner may ask for a look once a minute.
ALTER TABLE proxy ADD COLUMN synced_at timestamptz, ADD COLUMN sync_asked_at timestamptz, ADD COLUMN missing_since timestamptz;
ALTER TABLE traffic_plan ADD COLUMN synced_at timestamptz, ADD COLUMN sync_asked_at timestamptz, ADD COLUMN missing_since timestamptz;

-- The sandbox keeps books of traffic as it does of addresses, so that it can be asked for it.
CREATE TABLE sandbox_traffic (
  network_id text PRIMARY KEY,
  host       text NOT NULL,
  port       integer NOT NULL,
  port_socks integer NOT NULL
);
INSERT INTO sandbox_traffic (network_id, host, port, port_socks) SELECT network_id, host, port, port_socks FROM traffic_plan WHERE network_id LIKE 'sbt-%';
GRANT SELECT, INSERT ON sandbox_traffic TO lumi_proxy;
