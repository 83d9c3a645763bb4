// What the fields of proxies are called, where neither the field itself nor the glossary of the whole API says so. A name that means something else inside
// another field stands there with that field's name before it.
import type { Glossary, Samples } from '@lumi/shared/endpoint';

export const GLOSSARY: Glossary = {
  // Products and places
  product_id: 'The product.', shape: '`static`: proxies for a period. `traffic`: gigabytes of a pool.', protocols: 'What its proxies speak.', auth_modes: 'Who can be let in: a pair, an address of the allow-list, or either.', periods_days: 'Periods it is sold for, in days.',
  min_qty: 'The fewest units of one order.', max_qty: 'The most units of one order.', 'price_tiers.min_qty': 'The price holds from this many units on.', replace: 'Replacing addresses; null where it is not offered.',
  free_per_period: 'How often each proxy is replaced for nothing in a period.', rotation: 'How its exit address changes; null: it does not.', cooldown_s: 'Seconds that lie at least between two changes on demand.',
  min_interval_s: 'The shortest interval of changes by themselves, in seconds.', bandwidth: 'For people: how fast it is and what traffic costs.', concurrency: 'Connections at a time through one proxy; null: no bound.',
  targets_allowed: 'For people: what may be reached through it.', level: 'What kind of place it is.', availability: 'How much there is left.', period_days: 'Days that one period lasts.', region: 'Code of the region or city, of `/products/{id}/locations`; null or absent: any.',
  // Orders and renewals
  quantity: 'How many proxies.', requested: 'How many proxies were asked for.', delivered: 'How many came, and are charged.', proxies: 'The proxies.', proxy_id: 'The proxy.', 'AllowEntry.proxy_id': 'The proxy it holds for; null: all of the account.', proxy_ids: 'The proxies, by id.',
  // Proxies
  port: 'Port for HTTP.', port_socks: 'Port for SOCKS5.', 'items.port': 'Port for `protocol`.', protocol: 'What it is used with: HTTP or SOCKS5.', pass: 'The password; empty where addresses are let in instead of a pair.', health: 'What the last check found.',
  latency_ms: 'Milliseconds that a connection through it took; null if none came about.', exit_ip: 'The address that targets see.', exit_country: 'Where that address is, two letters; null if it is not known.', starts_at: 'When its first period began.',
  grace_ends_at: 'Until then a renewal still keeps the address.', interval_s: 'Seconds between changes; null: on demand only.', last_at: 'When the address last changed; null: never.', cooldown_until: 'Not before then can it be changed on demand; null: at once.',
  ip_or_cidr: 'The address or block that is let in.', replaces: 'The proxy whose place it took; null: none.', is_applied: 'False for the moment in which the network has not yet confirmed the last change of access.', change: 'What to change: the fields of `PATCH /proxies/{id}`.',
  by_type: 'How many there are of each type.', by_country: 'How many there are in each country.', by_health: 'How many passed their last check, and how many did not.',
  // Rotation and replacement
  old_ip: 'The exit address before.', new_ip: 'The exit address now.', changed: 'Whether it is another one; the carrier may give the same again.', subnet: 'All live ones in this network.', unhealthy: 'All live ones that failed their last check.',
  different_subnet: 'Addresses of other networks than the old ones.', added: 'Proxies that came instead, by id.', free: 'How many are replaced for nothing.', paid: 'How many are charged.', old_proxy_id: 'The proxy that went.', old_exit_ip: 'Its exit address.',
  new_proxy_id: 'The proxy that came; null until then.', new_exit_ip: 'Its exit address; null until then.', was_free: 'Whether it cost nothing.', quota_left: 'Replacements that still cost nothing in this period.',
  // Traffic
  pool: 'The product the gigabytes are of.', can: 'What can be done with it now, and why not.', gb: 'Gigabytes of 10^9 bytes.', gb_added: 'Gigabytes of 10^9 bytes that came on top.', traffic_plan_id: 'The traffic plan it draws from.', domains_block: 'Targets it may not reach.',
  asn: 'Only exits of this network, such as `as64500`.', zip: 'Only exits with this postal code.', format: 'How the lines are written; `txt` if absent.', template: 'For `txt`: the line, such as `{user}:{pass}@{host}:{port}`.',
  // Usage
  from: 'Beginning of the range.', to: 'End of the range, exclusive.', group_by: 'What the lines stand for.', totals: 'Sum of the items shown.', bytes_up: 'Bytes sent to targets.', bytes_down: 'Bytes received from targets.', requests: 'Connections or requests to targets.', errors: 'Those that failed.',
};

/** What its things are called in examples. */
export const SAMPLES: Samples = {
  subject: 'ipv4', 'Order.kind': 'proxy_order', 'Operation.kind': 'proxy_rotate', 'OpenOperation.kind': 'proxy_order', 'DryRun.kind': 'proxy_order', 'Batch.kind': 'bulk-order-proxies', description: '2 × ipv4, 30 days',
  'Quote.operation': 'order', 'FreshQuote.operation': 'order', 'Event.type': 'proxy.delivered', 'lines.label': 'ipv4 in DE, 30 days', old_proxy_id: 'prx_01k9z3v7m2h8q4t6w0x5y1c3', traffic_plan_id: 'tpl_01k9z3v7m2h8q4t6w0x5y1c3',
};
