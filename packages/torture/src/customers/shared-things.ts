// What co-owners share of each product: how it is bought, in which state they get it (in the middle of its time, about
// to renew itself, about to run out, from the 31st of a month), and what can be done to it that has a price. `request`
// gives the request, `quoted` the item of a quote for the same.
import type { Product } from '@lumi/shared/contract';
import type { Random } from '../random';
import type { System } from '../system/system';
import { AGE_LIMIT_MS, ageDomain, ageProxies, ageServer, type ServerRow } from './ageing';
import type { Answer } from './answer';
import type { History } from './client';
import { numberOf, type Wanted } from './shops';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const RUNS_OUT_MS = 6_000;
/** How long something is still paid for, by its kind: half days, so that no clock of a run comes near a whole one. */
const LEFT_MS = { middle: 20.5 * DAY_MS, 'renews itself': 0.5 * DAY_MS, 'runs out': RUNS_OUT_MS };
const STALE = 0.15;

/** In which state a thing is when its co-owners get it. */
export type ThingKind = keyof typeof LEFT_MS | 'the 31st' | 'partial';

export interface SharedThing {
  readonly id: string;
  /** The expiry that was read last. */
  seen?: string;
  /** Of an order of proxies: those that are still there. */
  proxies?: readonly string[];
}

/** How co-owners look at what they share. */
export interface Looking {
  readonly system: System;
  readonly history: History;
  /** Null where there is no good answer. */
  read(path: string): Promise<Answer | null>;
  /** What `find` finds as soon as it finds something. */
  soon<T>(find: () => Promise<T | undefined>, limitMs?: number): Promise<T | undefined>;
}

export interface QuoteWanted {
  readonly operation: string;
  readonly item: object;
}

// Bodies and quotes differ with each action; what one action writes, only that action reads.
type Body = Readonly<Record<string, unknown>>;
export type SharedRequest = Wanted & { readonly body: Body };

export interface SharedAction {
  readonly weight: number;
  /** Null where it makes no sense just now. */
  request(owners: Looking, thing: SharedThing, random: Random): Promise<SharedRequest | null>;
  quoted?(thing: SharedThing, request: SharedRequest): QuoteWanted;
}

export interface SharedProduct {
  readonly path: string;
  readonly bulkRenewPath: string;
  readonly kinds: readonly ThingKind[];
  body(name: string, kind: ThingKind): object;
  /** The thing, as if it had been bought in time to be where `kind` wants it. */
  take(owners: Looking, reference: string, kind: ThingKind): Promise<SharedThing | undefined>;
  readonly actions: Readonly<Record<string, SharedAction>>;
  bulkItems(owners: Looking, thing: SharedThing, random: Random): Promise<object[]>;
}

const vps: SharedProduct = {
  path: '/servers',
  bulkRenewPath: '/servers/bulk-renew',
  kinds: ['middle', 'middle', 'renews itself', 'runs out', 'the 31st'],
  body: (name, kind) => ({
    plan_id: 's1',
    locations: ['ams'],
    image_id: 'debian-13',
    hostname: `sandbox-action-slow-${numberOf(name)}.example.com`,
    period_months: kind === 'the 31st' || name.length % 2 === 0 ? 3 : 1,
    auto_renew: kind === 'renews itself',
  }),
  take: async (owners, reference, kind) => {
    const server = await owners.soon(() => serverBought(owners.system, reference));
    if (server === undefined) return undefined;
    const until = endOf(kind);
    await owners.soon(() => ageServer(owners, server, until), AGE_LIMIT_MS);
    return { id: server.id };
  },
  actions: {
    upgrade: {
      weight: 6,
      request: async (_owners, { id }, random) => ({
        path: `/servers/${id}/actions/resize`,
        body: { plan_id: random.pick(['s2', 's2', 's4', 's8', 'd8']) },
      }),
      quoted: ({ id }, { body }) => ({ operation: 'resize', item: { server_id: id, plan_id: body.plan_id } }),
    },
    renew: {
      weight: 5,
      request: async (owners, thing, random) => {
        const expiry = await expiryOf(owners, thing, `/servers/${thing.id}`, random);
        const months = random.pick([undefined, 1, 1, 3, 12]);
        return expiry === null
          ? null
          : {
              path: `/servers/${thing.id}/renew`,
              body: { current_expires_at: expiry, ...(months === undefined ? {} : { period_months: months }) },
            };
      },
      quoted: ({ id }, { body }) => ({ operation: 'renew', item: { server_id: id, ...body } }),
    },
  },
  bulkItems: async (owners, thing, random) => {
    const expiry = await expiryOf(owners, thing, `/servers/${thing.id}`, random);
    const period = random.chance(0.5) ? { period_months: random.pick([1, 3]) } : {};
    return expiry === null ? [] : [{ server_id: thing.id, current_expires_at: expiry, ...period }];
  },
};

const proxy: SharedProduct = {
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
  take: async (owners, reference, kind) => {
    const order = await owners.soon(() => orderBought(owners.system, reference));
    if (order === undefined) return undefined;
    if (kind !== 'partial') await owners.soon(() => ageProxies(owners.system, order.id, endOf(kind)));
    return { id: order.id, proxies: [] };
  },
  actions: {
    'renew the order': {
      weight: 4,
      request: async (owners, thing, random) => {
        const [first] = await proxiesOf(owners, thing);
        return first === undefined
          ? null
          : {
              path: `/orders/${thing.id}/renew`,
              body: { period_days: random.pick([7, 30, 30, 90]), current_expires_at: first.expires_at },
            };
      },
      quoted: ({ id }, { body }) => ({ operation: 'renew_order', item: { order_id: id, ...body } }),
    },
    replace: {
      weight: 6,
      request: async (owners, thing, random) => {
        const proxies = await proxiesOf(owners, thing);
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
        item: { ...(body.select as { proxy_ids: string[] }), ...(body.with as { country: string } | undefined) },
      }),
    },
    'buy traffic': {
      weight: 1,
      request: async (_owners, _thing, random) => ({
        path: '/traffic-plans',
        body: { pool: 'residential', gb: random.pick([1, 9, 10, 50]) },
      }),
    },
    'top up': {
      weight: 2,
      request: async (owners, _thing, random) => {
        const [plan] = (await owners.read('/traffic-plans?limit=5'))?.items ?? [];
        return plan === undefined
          ? null
          : { path: `/traffic-plans/${plan.id}/topup`, body: { gb: random.pick([1, 10, 12]) } };
      },
    },
  },
  bulkItems: async (owners, thing, random) =>
    (await proxiesOf(owners, thing)).map((one) => ({
      proxy_id: one.id,
      current_expires_at: one.expires_at,
      period_days: random.pick([7, 30]),
    })),
};

const domains: SharedProduct = {
  path: '/domains',
  bulkRenewPath: '/domains/bulk-renew',
  kinds: ['middle', 'renews itself', 'runs out'],
  body: (name, kind) => ({
    domain: `plain-${name}.test`,
    years: kind === 'middle' ? 2 : 1,
    auto_renew: kind === 'renews itself',
  }),
  take: async (owners, reference, kind) => {
    const order = await owners.soon(() => orderBought(owners.system, reference));
    if (order === undefined) return undefined;
    if (kind !== 'middle') await owners.soon(() => ageDomain(owners.system, order.subject, endOf(kind)));
    return { id: order.subject };
  },
  actions: {
    renew: {
      weight: 6,
      request: async (owners, thing, random) => {
        const expiry = await expiryOf(owners, thing, `/domains/${thing.id}`, random);
        return expiry === null
          ? null
          : { path: `/domains/${thing.id}/renew`, body: { years: random.between(1, 2), current_expires_at: expiry } };
      },
      quoted: ({ id }, { body }) => ({ operation: 'renew', item: { domain: id, ...body } }),
    },
  },
  bulkItems: async (owners, thing, random) => {
    const expiry = await expiryOf(owners, thing, `/domains/${thing.id}`, random);
    return expiry === null ? [] : [{ domain: thing.id, years: 1, current_expires_at: expiry }];
  },
};

export const SHARED: Readonly<Record<Product, SharedProduct>> = { domains, vps, proxy };

/** Undefined until the order with this reference is paid for. */
export async function serverBought(system: System, reference: string): Promise<ServerRow | undefined> {
  const { rows } = await system.query<ServerRow>(
    'SELECT s.id, s.expires_at FROM vps.server s JOIN platform.orders o ON o.id = s.order_id ' +
      "WHERE o.reference = $1 AND o.state = 'captured'",
    [reference],
  );
  return rows[0];
}

export async function orderBought(
  system: System,
  reference: string,
): Promise<{ readonly id: string; readonly subject: string } | undefined> {
  const { rows } = await system.query<{ id: string; subject: string }>(
    "SELECT id, subject FROM platform.orders WHERE reference = $1 AND state = 'captured'",
    [reference],
  );
  return rows[0];
}

/** As it is now, or sometimes as it was when it was read last. */
async function expiryOf(owners: Looking, thing: SharedThing, path: string, random: Random): Promise<string | null> {
  if (thing.seen !== undefined && random.chance(STALE)) return thing.seen;
  const seen = await owners.read(path);
  const expiry = seen?.expires_at ?? null;
  if (expiry !== null) thing.seen = expiry;
  return expiry;
}

/** Those that are still there; what replaced another belongs to the same order. */
async function proxiesOf(owners: Looking, thing: SharedThing): Promise<Answer[]> {
  const seen = await owners.read(`/proxies?order_id=${thing.id}&limit=50`);
  const proxies = (seen?.items ?? []).filter(({ state }) => state !== 'replaced' && state !== 'expired');
  if (seen !== null) thing.proxies = proxies.flatMap(({ id }) => id ?? []);
  return proxies;
}

/** In whole seconds, as registries have them. */
function endOf(kind: ThingKind): number {
  if (kind === 'the 31st') return nextThirtyFirst();
  const left = LEFT_MS[kind === 'partial' ? 'middle' : kind];
  return Math.ceil((Date.now() + left) / 1_000) * 1_000;
}

/** Noon of a 31st: not soon, but so near that three months which end then have begun. */
export function nextThirtyFirst(): number {
  const soon = new Date(Date.now() + 20 * DAY_MS);
  for (let month = soon.getUTCMonth(); ; month += 1) {
    const day = Date.UTC(soon.getUTCFullYear(), month, 31, 12);
    if (new Date(day).getUTCDate() === 31 && day > soon.getTime()) return day;
  }
}
