// What hagglers share of each product: how it is bought, in which state it is laid before them (in the middle of its time, about to renew itself, about to run out, from
// the 31st of a month), and what can be done to it that has a price. `wish` gives the request, `quoted` the item of a quote for the same.
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const RUNS_OUT_MS = 6_000;
/** How long something is still paid for, by its kind: half days, so that no clock of a run comes near a whole one. */
const LEFT_MS = { middle: 20.5 * DAY_MS, 'renews itself': 0.5 * DAY_MS, 'runs out': RUNS_OUT_MS };
const STALE = 0.15;
const AGE_LIMIT_MS = 120_000;

export const SHARED = {
  vps: {
    path: '/servers', bulkRenewPath: '/servers/bulk-renew',
    kinds: ['middle', 'middle', 'renews itself', 'runs out', 'the 31st'],
    body: (name, kind) => ({ plan_id: 's1', locations: ['ams'], image_id: 'debian-13', hostname: `sandbox-action-slow-${/\d+$/.exec(name)[0]}.example.com`, period_months: kind === 'the 31st' || name.length % 2 === 0 ? 3 : 1, auto_renew: kind === 'renews itself' }),
    /** The server, as if it had been bought in time to be where `kind` wants it. */
    take: async (haggling, { reference, kind }) => {
      const { system, history } = haggling;
      const server = await haggling.soon(async () => (await system.query("SELECT s.id, s.expires_at FROM vps.server s JOIN platform.orders o ON o.id = s.order_id WHERE o.reference = $1 AND o.state = 'captured'", [reference])).rows[0]);
      if (server === undefined) return undefined;
      const until = endOf(kind);
      await haggling.soon(() => ageServer({ system, history }, server, until), AGE_LIMIT_MS);
      return { id: server.id };
    },
    deeds: {
      upgrade: {
        weight: 6,
        wish: async (_haggling, { id }, random) => ({ path: `/servers/${id}/actions/resize`, body: { plan_id: random.pick(['s2', 's2', 's4', 's8', 'd8']) } }),
        quoted: ({ id }, { body }) => ({ operation: 'resize', item: { server_id: id, plan_id: body.plan_id } }),
      },
      renew: {
        weight: 5,
        wish: async (haggling, thing, random) => {
          const expiry = await expiryOf(haggling, thing, `/servers/${thing.id}`, random);
          const months = random.pick([undefined, 1, 1, 3, 12]);
          return expiry === null ? null : { path: `/servers/${thing.id}/renew`, body: { current_expires_at: expiry, ...(months === undefined ? {} : { period_months: months }) } };
        },
        quoted: ({ id }, { body: { current_expires_at: expiry, period_months: months } }) => ({ operation: 'renew', item: { server_id: id, current_expires_at: expiry, ...(months === undefined ? {} : { period_months: months }) } }),
      },
    },
    bulkItems: async (haggling, thing, random) => {
      const expiry = await expiryOf(haggling, thing, `/servers/${thing.id}`, random);
      return expiry === null ? [] : [{ server_id: thing.id, current_expires_at: expiry, ...(random.chance(0.5) ? { period_months: random.pick([1, 3]) } : {}) }];
    },
  },
  proxy: {
    path: '/orders', bulkRenewPath: '/proxies/renew',
    kinds: ['middle', 'middle', 'renews itself', 'runs out', 'partial'],
    body: (name, kind) => kind === 'partial'
      ? { product_id: 'ipv4', items: [{ country: 'XD', quantity: 12 }, { country: 'JP', quantity: 1 }], period_days: 30, partial: 'accept' }
      : { product_id: name.length % 2 === 0 ? 'ipv4' : 'isp', items: [{ country: 'US', quantity: 2 }, { country: 'JP', quantity: 1 }], period_days: 30, auto_renew: kind === 'renews itself' },
    take: async (haggling, { reference, kind }) => {
      const { system } = haggling;
      const order = await haggling.soon(async () => (await system.query("SELECT id FROM platform.orders WHERE reference = $1 AND state = 'captured'", [reference])).rows[0]);
      if (order === undefined) return undefined;
      if (kind !== 'partial') await haggling.soon(() => ageProxies(system, order.id, endOf(kind)));
      return { id: order.id, proxies: [] };
    },
    deeds: {
      'renew the order': {
        weight: 4,
        wish: async (haggling, thing, random) => {
          const [proxy] = await proxiesOf(haggling, thing);
          return proxy === undefined ? null : { path: `/orders/${thing.id}/renew`, body: { period_days: random.pick([7, 30, 30, 90]), current_expires_at: proxy.expires_at } };
        },
        quoted: ({ id }, { body: { period_days: days, current_expires_at: expiry } }) => ({ operation: 'renew_order', item: { order_id: id, period_days: days, current_expires_at: expiry } }),
      },
      replace: {
        weight: 6,
        wish: async (haggling, thing, random) => {
          const proxies = await proxiesOf(haggling, thing);
          if (proxies.length === 0) return null;
          const chosen = random.chance(0.3) ? proxies : [random.pick(proxies)];
          const country = random.pick([undefined, 'US', 'JP', 'GB']);
          return { path: '/proxies/replace', body: { select: { proxy_ids: chosen.map(({ id }) => id) }, ...(country === undefined ? {} : { with: { country } }) } };
        },
        quoted: (_thing, { body }) => ({ operation: 'replace', item: { proxy_ids: body.select.proxy_ids, ...(body.with ?? {}) } }),
      },
      'buy traffic': { weight: 1, wish: async (_haggling, _thing, random) => ({ path: '/traffic-plans', body: { pool: 'residential', gb: random.pick([1, 9, 10, 50]) } }) },
      'top up': {
        weight: 2,
        wish: async (haggling, _thing, random) => {
          const plans = (await haggling.read('/traffic-plans?limit=5'))?.items ?? [];
          return plans.length === 0 ? null : { path: `/traffic-plans/${plans[0].id}/topup`, body: { gb: random.pick([1, 10, 12]) } };
        },
      },
    },
    bulkItems: async (haggling, thing, random) => (await proxiesOf(haggling, thing)).map((proxy) => ({ proxy_id: proxy.id, current_expires_at: proxy.expires_at, period_days: random.pick([7, 30]) })),
  },
  domains: {
    path: '/domains', bulkRenewPath: '/domains/bulk-renew',
    kinds: ['middle', 'renews itself', 'runs out'],
    body: (name, kind) => ({ domain: `plain-${name}.test`, years: kind === 'middle' ? 2 : 1, auto_renew: kind === 'renews itself' }),
    take: async (haggling, { reference, kind }) => {
      const { system } = haggling;
      const found = await haggling.soon(async () => (await system.query("SELECT subject FROM platform.orders WHERE reference = $1 AND state = 'captured'", [reference])).rows[0]);
      if (found === undefined) return undefined;
      if (kind !== 'middle') await haggling.soon(() => ageDomain(system, found.subject, endOf(kind)));
      return { id: found.subject };
    },
    deeds: {
      renew: {
        weight: 6,
        wish: async (haggling, thing, random) => {
          const expiry = await expiryOf(haggling, thing, `/domains/${thing.id}`, random);
          return expiry === null ? null : { path: `/domains/${thing.id}/renew`, body: { years: random.between(1, 2), current_expires_at: expiry } };
        },
        quoted: ({ id }, { body: { years, current_expires_at: expiry } }) => ({ operation: 'renew', item: { domain: id, years, current_expires_at: expiry } }),
      },
    },
    bulkItems: async (haggling, thing, random) => {
      const expiry = await expiryOf(haggling, thing, `/domains/${thing.id}`, random);
      return expiry === null ? [] : [{ domain: thing.id, years: 1, current_expires_at: expiry }];
    },
  },
};

/** As it is now, or sometimes as it was when somebody last looked. */
async function expiryOf(haggling, thing, path, random) {
  if (thing.seen !== undefined && random.chance(STALE)) return thing.seen;
  const seen = await haggling.read(path);
  const expiry = seen?.expires_at ?? null;
  if (expiry !== null) thing.seen = expiry;
  return expiry;
}

/** Those that are still there; what replaced another belongs to the same order. */
async function proxiesOf(haggling, thing) {
  const seen = await haggling.read(`/proxies?order_id=${thing.id}&limit=50`);
  const proxies = (seen?.items ?? []).filter(({ state }) => state !== 'replaced' && state !== 'expired');
  if (seen !== null) thing.proxies = proxies.map(({ id }) => id);
  return proxies;
}

/** In whole seconds, as registries have them. */
function endOf(kind) {
  return kind === 'the 31st' ? nextThirtyFirst() : Math.ceil((Date.now() + LEFT_MS[kind]) / 1_000) * 1_000;
}

/** Noon of a 31st: not soon, but so near that three months which end then have begun. */
export function nextThirtyFirst() {
  const soon = new Date(Date.now() + 20 * DAY_MS);
  for (let month = soon.getUTCMonth(); ; month += 1) {
    const day = Date.UTC(soon.getUTCFullYear(), month, 31, 12);
    if (new Date(day).getUTCDate() === 31 && day > soon.getTime()) return day;
  }
}

/** Once, although it may be tried again: what has been aged may have been renewed since. */
export async function ageServer({ system, history }, { id, expires_at: from }, until) {
  // Told first: a database that was cut off may have done it.
  if (!history.facts.some((fact) => fact.kind === 'aged' && fact.id === id)) history.fact({ kind: 'aged', id, until });
  // The months that were paid for are those that end then, and are as long as these are.
  await system.query(`
    UPDATE vps.server s SET expires_at = $2, anchor_day = extract(day FROM $2::timestamptz AT TIME ZONE 'UTC'),
      stretches = jsonb_build_array(s.stretches -> 0 || jsonb_build_object('days', extract(day FROM ($2::timestamptz AT TIME ZONE 'UTC') - (($2::timestamptz AT TIME ZONE 'UTC') - make_interval(months => s.period_months)))::int))
    WHERE s.id = $1 AND s.expires_at = $3`, [id, new Date(until), from]);
  return true;
}

/** At us and in the network alike. Not once more when they have been renewed or replaced since. */
export async function ageProxies(system, orderId, until) {
  const { rowCount } = await system.query(`
    WITH aged AS (UPDATE proxy.proxy SET starts_at = starts_at - (expires_at - $2), grace_until = grace_until - (expires_at - $2), expires_at = $2
      WHERE order_id = $1 AND term = 1 AND replaces IS NULL AND state = 'active' RETURNING network_id)
    UPDATE proxy.sandbox_exit e SET until = $2 FROM aged WHERE e.network_id = aged.network_id`, [orderId, new Date(until)]);
  return rowCount > 0 ? true : undefined;
}

/** At us and in the registry alike. */
export async function ageDomain(system, name, until) {
  const { rowCount } = await system.query(`
    WITH aged AS (SELECT name, expires_at - $2::timestamptz AS by FROM domains.domain WHERE name = $1),
      ours AS (UPDATE domains.domain d SET registered_at = registered_at - aged.by, created_at = created_at - aged.by, expires_at = expires_at - aged.by, grace_ends_at = grace_ends_at - aged.by,
          redemption_ends_at = redemption_ends_at - aged.by, delete_at = delete_at - aged.by FROM aged WHERE d.name = aged.name)
    UPDATE domains.sandbox_name n SET registered_at = n.registered_at - aged.by, expires_at = n.expires_at - aged.by FROM aged WHERE n.name = aged.name`, [name, new Date(until)]);
  return rowCount > 0 ? true : undefined;
}
