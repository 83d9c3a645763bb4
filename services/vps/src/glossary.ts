// What the fields of servers are called, where neither the field itself nor the glossary of the whole API says so. A name that means something else inside
// another field stands there with that field's name before it.
import type { Glossary, Samples } from '@lumi/shared/endpoint';

export const GLOSSARY: Glossary = {
  // Servers
  server_id: 'The server.', plan_id: 'The plan.', suspension: 'Why it is switched off; null while it is not.', deadline: 'When its data is deleted; null: not decided.', version: 'Version.', 'ips.version': '4 or 6.',
  rdns: 'The host name that a reverse look-up gives; null: none.', primary: 'Whether it is the main address of its server.', gateway: 'The address it sends everything to that is not its neighbour’s; null until it is there.',
  ready_at: 'When it could first be used; null until then.', delete_at_expiry: 'Whether it is deleted when it expires, instead of being kept for a renewal.', period_months: 'Months that one period lasts.', size_gb: 'GB of storage it takes.',
  starts_at: 'When the next period begins, and with it the change.',
  // Bulk actions and counts
  action: 'What is done to each.', tag: 'Only servers with this tag.', location_id: 'The location.', 'filter.location_id': 'Only servers in this location.', 'filter.plan_id': 'Only servers of this plan.', plan: 'The plan.', power: 'Only servers that run, or do not.',
  by_lifecycle: 'How many are in each state of life.', by_power: 'How many run and how many do not.', by_location: 'How many there are in each location.', by_plan: 'How many there are of each plan.',
  // Plans, images, locations
  vcpu: 'Virtual processors.', cpu_type: '`shared` with other servers, or `dedicated` to this one.', arch: 'Architecture of the processor.', ram_mb: 'MB of memory.', disk_gb: 'GB of disk.', disk_type: 'What the disk is made of, such as `nvme`.',
  port_mbps: 'Speed of its connection in Mbit/s.', prices: 'One for each location and period it is sold for.', availability: 'Stock in each location, as it was last seen.', in_stock: 'Whether there is room for it now.', os: 'The system, such as `debian`.',
  min_disk_gb: 'GB of disk it needs.', min_ram_mb: 'MB of memory it needs.', default_user: 'The user to log in as.', features: 'What servers there can have, such as `snapshots` or `rdns`.', public_key: 'The key in OpenSSH form.',
};

/** What its things are called in examples. */
export const SAMPLES: Samples = {
  subject: 'srv_01k9z3v7m2h8q4t6w0x5y1c3', 'Order.kind': 'server_create', 'Operation.kind': 'server_reboot', 'OpenOperation.kind': 'server_create', 'DryRun.kind': 'server_create', 'Batch.kind': 'bulk-servers', description: 'Server web-1.example.com, s1 in ams, 1 month(s)',
  'Quote.operation': 'create', 'FreshQuote.operation': 'create', 'Event.type': 'server.ready', 'lines.label': 'Server s1 in ams, 1 month(s)',
  public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEx8Z0yqXn7y1S0m6lqv0tq0E6o3m0d9o0n6m9w0a1b2 laptop', disk_type: 'nvme', location_id: 'ams', plan_id: 's2', 'Plan.id': 's2', 'Plan.name': 'S2',
};
