// What hagglers share of each product: how it is bought, in which state it is laid before them (in the middle of its
// time, about to renew itself, about to run out, from the 31st of a month), and what can be done to it that has a
// price. `wish` gives the request, `quoted` the item of a quote for the same.
import { ageServer, AGE_LIMIT_MS, ageProxies, ageDomain } from './ageing.mjs';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const RUNS_OUT_MS = 6_000;
/** How long something is still paid for, by its kind: half days, so that no clock of a run comes near a whole one. */
const LEFT_MS = { middle: 20.5 * DAY_MS, 'renews itself': 0.5 * DAY_MS, 'runs out': RUNS_OUT_MS };
const STALE = 0.15;

export const SHARED = {
  vps: {
    path: '/servers',
    bulkRenewPath: '/servers/bulk-renew',
    kinds: ['middle', 'middle', 'renews itself', 'runs out', 'the 31st'],
    body: (name, kind) => ({
      plan_id: 's1',
      locations: ['ams'],
      image_id: 'debian-13',
      hostname: `sandbox-action-slow-${/\d+$/.exec(name)[0]}.example.com`,
      period_months: kind === 'the 31st' || name.length % 2 === 0 ? 3 : 1,
      auto_renew: kind === 'renews itself',
    }),
    /** The server, as if it had been bought in time to be where `kind` wants it. */
    take: async (haggling, { reference, kind }) => {
      const { system, history } = haggling;
      const server = await haggling.soon(
        async () =>
          (
            await system.query(
              'SELECT s.id, s.expires_at FROM vps.server s JOIN platform.orders o ON o.id = s.order_id ' +
                "WHERE o.reference = $1 AND o.state = 'captured'",
              [reference],
            )
          ).rows[0],
      );
      if (server === undefined) return undefined;
      const until = endOf(kind);
      await haggling.soon(() => ageServer({ system, history }, server, until), AGE_LIMIT_MS);
      return { id: server.id };
    },
    deeds: {
      upgrade: {
        weight: 6,
        wish: async (_haggling, { id }, random) => ({
          path: `/servers/${id}/actions/resize`,
          body: { plan_id: random.pick(['s2', 's2', 's4', 's8', 'd8']) },
        }),
        quoted: ({ id }, { body }) => ({ operation: 'resize', item: { server_id: id, plan_id: body.plan_id } }),
      },
      renew: {
        weight: 5,
        wish: async (haggling, thing, random) => {
          const expiry = await expiryOf(haggling, thing, `/servers/${thing.id}`, random);
          const months = random.pick([undefined, 1, 1, 3, 12]);
          return expiry === null
            ? null
            : {
                path: `/servers/${thing.id}/renew`,
                body: { current_expires_at: expiry, ...(months === undefined ? {} : { period_months: months }) },
              };
        },
        quoted: ({ id }, { body: { current_expires_at: expiry, period_months: months } }) => ({
          operation: 'renew',
          item: {
            server_id: id,
            current_expires_at: expiry,
            ...(months === undefined ? {} : { period_months: months }),
          },
        }),
      },
    },
    bulkItems: async (haggling, thing, random) => {
      const expiry = await expiryOf(haggling, thing, `/servers/${thing.id}`, random);
      return expiry === null
        ? []
        : [
            {
              server_id: thing.id,
              current_expires_at: expiry,
              ...(random.chance(0.5) ? { period_months: random.pick([1, 3]) } : {}),
            },
          ];
    },
  },
  proxy: {
    path: '/orders',
    bulkRenewPath: '/proxies/renew',
    kinds: ['middle', 'middle', 'renews itself', 'runs out', 'partial'],
    body: (name, kind) =>
      kind === 'partial'
        ? {
            product_id: 'ipv4',
            items: [
              { country: 'XD', quantity: 12 },
              { country: 'JP', quantity: 1 },
            ],
            period_days: 30,
            partial: 'accept',
          }
        : {
            product_id: name.length % 2 === 0 ? 'ipv4' : 'isp',
            items: [
              { country: 'US', quantity: 2 },
              { country: 'JP', quantity: 1 },
            ],
            period_days: 30,
            auto_renew: kind === 'renews itself',
          },
    take: async (haggling, { reference, kind }) => {
      const { system } = haggling;
      const order = await haggling.soon(
        async () =>
          (
            await system.query("SELECT id FROM platform.orders WHERE reference = $1 AND state = 'captured'", [
              reference,
            ])
          ).rows[0],
      );
      if (order === undefined) return undefined;
      if (kind !== 'partial') await haggling.soon(() => ageProxies(system, order.id, endOf(kind)));
      return { id: order.id, proxies: [] };
    },
    deeds: {
      'renew the order': {
        weight: 4,
        wish: async (haggling, thing, random) => {
          const [proxy] = await proxiesOf(haggling, thing);
          return proxy === undefined
            ? null
            : {
                path: `/orders/${thing.id}/renew`,
                body: { period_days: random.pick([7, 30, 30, 90]), current_expires_at: proxy.expires_at },
              };
        },
        quoted: ({ id }, { body: { period_days: days, current_expires_at: expiry } }) => ({
          operation: 'renew_order',
          item: { order_id: id, period_days: days, current_expires_at: expiry },
        }),
      },
      replace: {
        weight: 6,
        wish: async (haggling, thing, random) => {
          const proxies = await proxiesOf(haggling, thing);
          if (proxies.length === 0) return null;
          const chosen = random.chance(0.3) ? proxies : [random.pick(proxies)];
          const country = random.pick([undefined, 'US', 'JP', 'GB']);
          return {
            path: '/proxies/replace',
            body: {
              select: { proxy_ids: chosen.map(({ id }) => id) },
              ...(country === undefined ? {} : { with: { country } }),
            },
          };
        },
        quoted: (_thing, { body }) => ({
          operation: 'replace',
          item: { proxy_ids: body.select.proxy_ids, ...(body.with ?? {}) },
        }),
      },
      'buy traffic': {
        weight: 1,
        wish: async (_haggling, _thing, random) => ({
          path: '/traffic-plans',
          body: { pool: 'residential', gb: random.pick([1, 9, 10, 50]) },
        }),
      },
      'top up': {
        weight: 2,
        wish: async (haggling, _thing, random) => {
          const plans = (await haggling.read('/traffic-plans?limit=5'))?.items ?? [];
          return plans.length === 0
            ? null
            : { path: `/traffic-plans/${plans[0].id}/topup`, body: { gb: random.pick([1, 10, 12]) } };
        },
      },
    },
    bulkItems: async (haggling, thing, random) =>
      (await proxiesOf(haggling, thing)).map((proxy) => ({
        proxy_id: proxy.id,
        current_expires_at: proxy.expires_at,
        period_days: random.pick([7, 30]),
      })),
  },
  domains: {
    path: '/domains',
    bulkRenewPath: '/domains/bulk-renew',
    kinds: ['middle', 'renews itself', 'runs out'],
    body: (name, kind) => ({
      domain: `plain-${name}.test`,
      years: kind === 'middle' ? 2 : 1,
      auto_renew: kind === 'renews itself',
    }),
    take: async (haggling, { reference, kind }) => {
      const { system } = haggling;
      const found = await haggling.soon(
        async () =>
          (
            await system.query("SELECT subject FROM platform.orders WHERE reference = $1 AND state = 'captured'", [
              reference,
            ])
          ).rows[0],
      );
      if (found === undefined) return undefined;
      if (kind !== 'middle') await haggling.soon(() => ageDomain(system, found.subject, endOf(kind)));
      return { id: found.subject };
    },
    deeds: {
      renew: {
        weight: 6,
        wish: async (haggling, thing, random) => {
          const expiry = await expiryOf(haggling, thing, `/domains/${thing.id}`, random);
          return expiry === null
            ? null
            : { path: `/domains/${thing.id}/renew`, body: { years: random.between(1, 2), current_expires_at: expiry } };
        },
        quoted: ({ id }, { body: { years, current_expires_at: expiry } }) => ({
          operation: 'renew',
          item: { domain: id, years, current_expires_at: expiry },
        }),
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
