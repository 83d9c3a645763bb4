// What each money request sells, for the purchase and for the quote of it alike: a quote cannot differ from what it is quoted for.
import { AppError, newId, notFound, orRefusal } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import { expiryMismatch } from '@lumi/shared/lifecycle';
import { formatUsd, type Units } from '@lumi/shared/money';
import { costLine, type Offer } from '@lumi/shared/purchase';
import { syncOnce } from '@lumi/shared/sync';
import { sealOrderAuth } from '../access/credentials';
import { SURCHARGE_DAYS } from '../catalogue/price';
import { askPlaces, priceOrder, type Places } from '../catalogue/price-order';
import { priceRenewal } from '../catalogue/price-renewal';
import { priceTraffic } from '../catalogue/price-traffic';
import { findProduct, type ProxyProduct } from '../catalogue/products';
import { BUY_TRAFFIC, TOP_UP_TRAFFIC } from '../purchases/traffic';
import { ORDER_PROXIES } from '../purchases/order-proxies';
import { RENEW_PROXIES } from '../purchases/renew-proxies';
import { REPLACE_PROXIES, replacedProxy } from '../purchases/replace-proxies';
import { findProxy, proxiesOfOrder, proxyFacts } from '../store/proxies';
import { daysLeft, stateOf, type ProxyRow } from '../store/proxy-row';
import { findPlan } from '../store/traffic';
import { syncProxy } from '../sync/sync-proxy';
import { MISSING_TEXT } from '../views/proxy-view';
import type { ProxyDeps } from '../proxy';
import type { OrderWish } from './order-body';

function thingOf(deps: ProxyDeps, kind: string) {
  const thing = deps.things.get(kind);
  if (thing === undefined) throw new Error(`nothing of the kind ${kind} is sold`);
  return thing;
}

/** Throws 422 for addresses that are none. */
export async function orderPart(deps: ProxyDeps, accountId: string, wish: OrderWish, blocks: readonly string[]): Promise<Offer> {
  const priced = await priceOrder(deps.network, {
    productId: wish.product_id, items: wish.items.map((item) => ({ country: item.country, place: item.region ?? null, quantity: item.quantity })), periodDays: wish.period_days, acceptsPartial: wish.partial === 'accept',
  });
  return {
    thing: thingOf(deps, ORDER_PROXIES), subject: `${String(priced.quantity)} × ${wish.product_id}`, lockKey: null,
    refusal: priced.refusal ?? rotationRefusal(wish, priced.product),
    terms: {
      facts: { product_id: wish.product_id, items: wish.items.map(({ country, quantity }) => ({ country, quantity })), period_days: wish.period_days }, cost: priced.cost, tariff: priced.tariff,
    },
    item: {
      product_id: wish.product_id, items: priced.lines.map((line) => ({ country: line.country, place: line.place, quantity: line.quantity, surcharge_usd: formatUsd(line.surcharge) })), period_days: wish.period_days,
      protocol: wish.protocol ?? 'http', auth_mode: wish.auth?.mode ?? 'userpass', auth: sealOrderAuth(deps.ring, accountId, { username: wish.auth?.username, password: wish.auth?.password }),
      allowed_blocks: blocks, rotation_s: wish.rotation?.interval_s ?? null, partial: wish.partial ?? 'reject', subnet_diversity: wish.subnet_diversity ?? false, auto_renew: wish.auto_renew ?? false, label: wish.label ?? null,
    },
  };
}

function rotationRefusal(wish: OrderWish, product: ProxyProduct | null): AppError | null {
  if (wish.rotation === undefined || product === null) return null;
  const text = product.rotation === null ? 'this product keeps its addresses' : wish.rotation.interval_s < product.rotation.minIntervalS ? `must be at least ${String(product.rotation.minIntervalS)}` : null;
  return text === null ? null : new AppError('validation_error', undefined, { details: [{ path: 'rotation.interval_s', message: text }] });
}

/** Throws 404. */
export async function renewOrderPart(deps: ProxyDeps, reach: Reach, orderId: string, wish: { period_days: number; current_expires_at?: string | undefined }): Promise<Offer> {
  const rows = await proxiesOfOrder(deps.db.platform, reach, orderId);
  if (rows.length === 0) throw notFound();
  return renewalPart(deps, await asTheNetworkHasThem(deps, rows.filter((row) => row.state === 'active'), wish.current_expires_at), { ...wish, subject: orderId });
}

/** Throws 404. */
export async function renewProxyPart(deps: ProxyDeps, reach: Reach, proxyId: string, wish: { period_days: number; current_expires_at?: string | undefined }): Promise<Offer> {
  const row = await findProxy(deps.db.platform, reach, proxyId);
  if (row === null) throw notFound();
  return renewalPart(deps, await asTheNetworkHasThem(deps, [row], wish.current_expires_at), { ...wish, subject: proxyId });
}

/** Who states another expiry than ours may know better: the network is asked about those proxies, at most once a minute for each. */
async function asTheNetworkHasThem(deps: ProxyDeps, rows: readonly ProxyRow[], stated: string | undefined): Promise<readonly ProxyRow[]> {
  return Promise.all(rows.map(async (row) => {
    if (expiryMismatch(stated, row.expires_at) === null) return row;
    const read = await orRefusal(() => syncOnce(deps, { product: 'proxy', thing: `proxy ${row.id}` }, () => syncProxy(deps, { kind: 'account', accountId: row.account_id }, row.id)));
    return read instanceof AppError ? row : read;
  }));
}

async function renewalPart(deps: ProxyDeps, rows: readonly ProxyRow[], wish: { period_days: number; current_expires_at?: string | undefined; subject: string }): Promise<Offer> {
  const priced = await priceRenewal(deps.network, rows, wish.period_days);
  return {
    thing: thingOf(deps, RENEW_PROXIES), item: priced.item, subject: wish.subject, lockKey: null,
    refusal: priced.refusal ?? renewRefusal(rows, wish.current_expires_at, deps.clock.now()),
    terms: { facts: { subject: wish.subject, period_days: wish.period_days, state: 'renewable', proxies: proxyFacts(rows) }, cost: priced.cost },
  };
}

/** Why these proxies cannot be renewed from that expiry. */
function renewRefusal(rows: readonly ProxyRow[], currentExpiresAt: string | undefined, now: Date): AppError | null {
  if (rows.length === 0) return new AppError('state_conflict', 'Nothing of it is left to renew.');
  if (rows.some((row) => row.missing_since !== null)) return new AppError('state_conflict', MISSING_TEXT);
  if (rows.some((row) => ['expired', 'replaced'].includes(stateOf(row, now)))) return new AppError('state_conflict', 'It has expired beyond its grace period, or was replaced.');
  return rows.map((row) => expiryMismatch(currentExpiresAt, row.expires_at)).find((refusal) => refusal !== null) ?? null;
}

export function trafficPart(deps: ProxyDeps, accountId: string, wish: { pool: string; gb: number; label?: string | undefined }): Offer {
  const { pool, gb } = wish;
  const priced = priceTraffic(pool, gb);
  return {
    thing: thingOf(deps, BUY_TRAFFIC), subject: `${String(gb)} GB ${pool}`, lockKey: null, refusal: priced.refusal, terms: { facts: { pool, gb, period_days: priced.periodDays }, cost: priced.cost },
    item: { pool, gb, period_days: priced.periodDays, auth: sealOrderAuth(deps.ring, accountId, {}), label: wish.label ?? null },
  };
}

const PLAN_MISSING_TEXT = 'The network does not know this plan any more; it cannot be topped up until that is cleared up.';

/** Throws 404. */
export async function topUpPart(deps: ProxyDeps, reach: Reach, planId: string, gb: number): Promise<Offer> {
  const plan = await findPlan(deps.db.platform, reach, planId);
  if (plan === null) throw notFound();
  const priced = priceTraffic(plan.pool, gb);
  return {
    thing: thingOf(deps, TOP_UP_TRAFFIC), subject: plan.id, lockKey: null, refusal: plan.missing_since === null ? priced.refusal : new AppError('state_conflict', PLAN_MISSING_TEXT), terms: { facts: { plan_id: plan.id, pool: plan.pool, gb, period_days: priced.periodDays }, cost: priced.cost },
    item: { plan_id: plan.id, network_id: plan.network_id, pool: plan.pool, gb, period_days: priced.periodDays, note: plan.label },
  };
}

export interface ReplacementOffer extends Offer {
  readonly free: number;
  readonly paid: number;
}

/** All rows must be of `product`. */
export async function replacePart(deps: ProxyDeps, rows: readonly ProxyRow[], product: ProxyProduct, wish: { country?: string | undefined; different_subnet?: boolean | undefined; reason?: string | undefined }): Promise<ReplacementOffer> {
  const now = deps.clock.now();
  const places = await askPlaces(deps.network, product.id);
  const country = wish.country ?? null;
  // An address in the same country is worth what was paid for the one before, whatever the country costs today.
  const surchargeOf = (row: ProxyRow): Units => (country === null || country === row.country ? row.surcharge : (places.countries.get(country)?.surcharge ?? 0n));
  const proxies = rows.map((row) => replacedProxy(row, product.replace?.freePerPeriod ?? 0, surchargeOf(row)));
  const free = proxies.filter((proxy) => proxy.is_free).length;
  const paid = proxies.length - free;
  const dearer = rows.filter((row) => surchargeOf(row) > row.surcharge).map((row) => costLine(`From ${row.country} to ${country ?? ''} for ${String(daysLeft(row.expires_at, now))} days`, surchargeOf(row) - row.surcharge, {
    share: { part: daysLeft(row.expires_at, now), of: SURCHARGE_DAYS },
  }));
  return {
    thing: thingOf(deps, REPLACE_PROXIES), subject: rows.length === 1 ? (rows[0]?.id ?? '') : `${String(rows.length)} × ${product.id}`, lockKey: null, refusal: replaceRefusal(rows, product, country, { now, places }),
    terms: {
      facts: { product_id: product.id, country, state: 'live', free, proxies: proxyFacts(rows, now) },
      cost: [costLine('Free replacements', 0n, { times: free }), costLine('Paid replacements', product.replace?.price ?? 0n, { times: paid }), ...dearer],
    },
    free, paid,
    item: { replacement_id: newId('rep', deps.clock.nowMs()), product_id: product.id, proxies, country, different_subnet: wish.different_subnet ?? false, reason: wish.reason ?? null },
  };
}

export function isReplaceable(row: ProxyRow, now: Date): boolean {
  return ['active', 'expiring'].includes(stateOf(row, now));
}

/** Their one product; throws 422 when they are of several. */
export function productOf(rows: readonly ProxyRow[]): ProxyProduct {
  const product = findProduct(rows[0]?.product_id ?? '');
  if (product === null || rows.some((row) => row.product_id !== product.id)) throw new AppError('validation_error', undefined, { details: [{ path: 'select', message: 'must select proxies of one product' }] });
  return product;
}

function replaceRefusal(rows: readonly ProxyRow[], product: ProxyProduct, country: string | null, { now, places: { countries } }: { readonly now: Date; readonly places: Places }): AppError | null {
  const over = rows.find((row) => !isReplaceable(row, now));
  if (over !== undefined) return new AppError('state_conflict', undefined, { details: [{ path: 'select', message: `${over.id} is ${stateOf(over, now)}` }] });
  for (const target of new Set(rows.map((row) => country ?? row.country))) {
    const place = countries.get(target);
    if (place === undefined) return new AppError('not_available', undefined, { details: [{ path: 'with.country', message: `${product.id} is not sold in ${target}` }] });
    const wanted = rows.filter((row) => (country ?? row.country) === target).length;
    if ((place.stock ?? wanted) < wanted) return new AppError('out_of_stock');
  }
  return null;
}
