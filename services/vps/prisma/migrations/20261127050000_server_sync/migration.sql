-- What the supplier says about a machine when it is asked: it may not know it any more (the server is kept, and nothing can be done with it), and
-- its owner may ask for a look once a minute.
ALTER TABLE server ADD COLUMN synced_at timestamptz, ADD COLUMN sync_asked_at timestamptz, ADD COLUMN missing_since timestamptz;

-- The sandbox remembers reverse names, so that it can be asked for them.
ALTER TABLE sandbox_machine ADD COLUMN rdns jsonb NOT NULL DEFAULT '{}';
UPDATE sandbox_machine m SET rdns = known.rdns
  FROM (SELECT s.machine, jsonb_object_agg(host(a.ip), a.rdns) AS rdns FROM address a JOIN server s ON s.id = a.server_id WHERE a.rdns IS NOT NULL GROUP BY s.machine) known WHERE known.machine = m.name;
