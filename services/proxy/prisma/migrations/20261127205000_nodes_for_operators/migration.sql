-- Operators see nodes, without the hashes of their tokens. They change them by functions alone.
GRANT SELECT (id, name, state, version, address, port_first, port_last, port_http, port_socks, allowed, epoch,
  registered_at, heard_at, left_at, connections, bytes_per_s, used_at, access_number, access_from, key_version, drain_s,
  drain_at, created_at, retired_at) ON node TO lumi_admin;
GRANT SELECT ON node_exit, access_change TO lumi_admin;
