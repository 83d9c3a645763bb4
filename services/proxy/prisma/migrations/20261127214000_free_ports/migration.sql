-- Ports that can be given out, those that were given up longest ago first. A node's range is put into the table when it
-- registers, so that a purchase takes a port without looking for one.
CREATE INDEX entry_port_free ON entry_port (freed_at, port) WHERE network_id IS NULL;
