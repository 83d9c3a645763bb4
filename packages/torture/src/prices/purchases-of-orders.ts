// Captured orders, as purchases of the model. Beside each order stands what was delivered: an order of proxies tells
// only what was asked for.
import type { System } from '../system/system';
import type { PriceModel, Purchase } from './price-model';

interface OrderRow {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly item: Item;
  readonly charged: string;
  readonly created_at: Date;
  readonly settled_at: Date;
  readonly idem_scope: string | null;
}

/** What orders of all kinds say in their item; each kind has its own part of it. */
interface Item {
  readonly server_id: string;
  readonly plan_id: string;
  readonly location_id: string;
  readonly period_months: number;
  readonly product_id: string;
  readonly period_days: number;
  readonly items: readonly { readonly country: string; readonly quantity: number }[];
  readonly proxies: readonly { readonly id: string }[];
  readonly country?: string | null;
  readonly pool: string;
  readonly gb: number;
  readonly years: number;
}

interface ProxyRow {
  readonly id: string;
  readonly order_id: string;
  readonly country: string;
  readonly starts_at: Date;
}

export interface BoughtOrder extends OrderRow {
  readonly proxies: readonly ProxyRow[];
  readonly pairs: { readonly old: string; readonly fresh: string }[];
}

/** In the order in which their money was held. */
export async function boughtOrders(system: System): Promise<BoughtOrder[]> {
  const { rows } = await system.query<OrderRow>(
    `SELECT o.id, o.kind, o.subject, o.item, o.charged, o.created_at, o.settled_at, o.idem_scope FROM platform.orders o
      WHERE o.state = 'captured' ORDER BY o.seq`,
  );
  if (!system.products.includes('proxy')) return rows.map((order) => ({ ...order, proxies: [], pairs: [] }));
  const { rows: proxies } = await system.query<ProxyRow>(
    'SELECT id, order_id, country, starts_at FROM proxy.proxy WHERE replaces IS NULL ORDER BY seq',
  );
  const { rows: replacements } = await system.query<{ order_id: string; removed: string[]; added: string[] }>(
    'SELECT order_id, removed, added FROM proxy.replacement',
  );
  const pairsOf = new Map(
    replacements.map(({ order_id: id, removed, added }) => [
      id,
      removed.map((old, i) => ({ old, fresh: added[i] ?? '' })),
    ]),
  );
  return rows.map((order) => ({
    ...order,
    proxies: proxies.filter(({ order_id: id }) => id === order.id),
    pairs: pairsOf.get(order.id) ?? [],
  }));
}

/** Undefined for an order of a kind that the model does not know. */
export function purchaseOf(order: BoughtOrder, model: PriceModel): Purchase | undefined {
  return PURCHASES[order.kind]?.(order, model);
}

type PurchaseOf = (order: BoughtOrder, model: PriceModel) => Purchase;

/**
 * What was asked for, in the model's words. A renewal that Lumi made by itself asked for nothing: it is for the period
 * that was paid last.
 */
const PURCHASES: Readonly<Record<string, PurchaseOf>> = {
  server_create: ({ item, settled_at: at }) => ({
    kind: 'server_create',
    server: item.server_id,
    plan: item.plan_id,
    location: item.location_id,
    months: item.period_months,
    paidAt: at.getTime(),
  }),
  server_renew: (order, model) => ({
    kind: 'server_renew',
    server: order.subject,
    months: isAutomatic(order) ? model.servers.periodOf(order.subject) : order.item.period_months,
  }),
  server_resize: ({ subject, item }) => ({ kind: 'server_resize', server: subject, plan: item.plan_id }),
  proxy_order: ({ item, proxies }) => ({
    kind: 'proxy_order',
    product: item.product_id,
    days: item.period_days,
    lines: item.items.map(({ country, quantity }) => ({ country, quantity })),
    delivered: item.items.map(({ country }) => ({
      country,
      quantity: proxies.filter((proxy) => proxy.country === country).length,
    })),
    proxies: proxies.map(({ id, country, starts_at: at }) => ({ id, country, startsAt: at.getTime() })),
  }),
  proxy_renew: (order, model) => {
    const proxies = order.item.proxies.map(({ id }) => id);
    const days = isAutomatic(order) ? model.proxies.periodOf(proxies[0] ?? '') : order.item.period_days;
    return { kind: 'proxy_renew', proxies, days };
  },
  proxy_replace: ({ item, pairs }) => ({ kind: 'proxy_replace', pairs, country: item.country ?? undefined }),
  traffic_plan: ({ item }) => ({ kind: 'traffic_plan', pool: item.pool, gb: item.gb }),
  traffic_topup: ({ item }) => ({ kind: 'traffic_topup', pool: item.pool, gb: item.gb }),
  domain_register: ({ subject, item }) => ({ kind: 'domain_register', tld: tldOf(subject), years: item.years }),
  domain_renew: ({ subject, item }) => ({ kind: 'domain_renew', tld: tldOf(subject), years: item.years }),
  domain_transfer: ({ subject }) => ({ kind: 'domain_transfer', tld: tldOf(subject) }),
  domain_restore: ({ subject }) => ({ kind: 'domain_restore', tld: tldOf(subject) }),
};

function isAutomatic({ idem_scope: scope }: BoughtOrder): boolean {
  return scope === 'auto';
}

/** Everything after the first dot. */
export function tldOf(domain: string): string {
  return domain.slice(domain.indexOf('.') + 1);
}
