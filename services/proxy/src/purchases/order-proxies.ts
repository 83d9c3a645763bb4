// Buying static proxies: several countries in one order, delivered wholly or, if the buyer agreed, in part. What is not delivered is not charged.
import { newId } from '@lumi/shared/contract';
import { sealSecret } from '@lumi/shared/keys';
import { parseUsd, prorate, type Units } from '@lumi/shared/money';
import { thingSold, viewOrder, type AnyThingSold, type LookUp, type Order, type Outcome } from '@lumi/shared/purchase';
import type { Clock, SecretRing } from '@lumi/shared/runtime';
import { sql, type Sql } from '@lumi/shared/db';
import { orderCredentials } from '../access/credentials';
import { findProduct, type Protocol } from '../catalog/products';
import { viewProxy } from '../views/proxy-view';
import { insertProxies } from '../store/proxies';
import { DAY_MS, rowOfNew, type AuthMode, type NewProxy } from '../store/proxy-row';
import type { Allocated, Exit, ProxyNetwork } from '../supplier/proxy-network';

export interface OrderProxiesItem {
  readonly [key: string]: unknown;
  readonly product_id: string;
  readonly items: readonly { readonly country: string; readonly place: string | null; readonly quantity: number; readonly unit_price_usd: string; readonly surcharge_usd: string }[];
  readonly period_days: number;
  readonly protocol: Protocol;
  readonly auth_mode: AuthMode;
  /** The sealed secret the credentials follow from. */
  readonly auth: string;
  readonly allowed_blocks: readonly string[];
  readonly rotation_s: number | null;
  readonly partial: 'reject' | 'accept';
  readonly subnet_diversity: boolean;
  readonly auto_renew: boolean;
  readonly label: string | null;
}

interface OrderProxiesResult {
  readonly [key: string]: unknown;
  readonly exits: readonly (Exit & { readonly id: string })[];
  readonly starts_at: string;
}

export interface SellingDeps {
  readonly network: ProxyNetwork;
  readonly clock: Clock;
  readonly ring: SecretRing;
}

export const ORDER_PROXIES = 'proxy_order';

export function orderProxies(deps: SellingDeps): AnyThingSold {
  return thingSold<OrderProxiesItem, OrderProxiesResult>({
    kind: ORDER_PROXIES,
    describe: (order) => `${String(requestedOf(order.item))} × ${order.item.product_id}, ${String(order.item.period_days)} days`,
    act: async (order, signal) => delivered(deps, order, await deps.network.allocate(order.id, {
      productId: order.item.product_id, items: order.item.items.map(({ country, place, quantity }) => ({ country, place, quantity })), periodDays: order.item.period_days,
      allowPartial: order.item.partial === 'accept', subnetDiversity: order.item.subnet_diversity, note: order.item.label,
    }, signal)),
    lookUp: async (order, signal) => delivered(deps, order, await deps.network.lookUp<Allocated>(order.id, signal)),
    deliver: (order, result) => {
      const proxies = newProxies(deps, order, result);
      return [insertProxies(proxies), ...(order.item.allowed_blocks.length === 0 ? [] : [allowOn(deps, order, proxies)])];
    },
    answer: (order, result) => {
      const proxies = newProxies(deps, order, result).map((proxy) => viewProxy(rowOfNew(proxy), proxy.starts_at));
      return { status: 201, body: { order: viewOrder(order), delivery: viewDelivery(order.item, result), proxies }, location: `/proxies?order_id=${order.id}` };
    },
    events: (order, result) => [{
      type: 'proxy.delivered', subject: order.id,
      data: { order_id: order.id, requested: requestedOf(order.item), delivered: result.exits.length, proxy_ids: result.exits.map((exit) => exit.id) },
    }],
  });
}

export function viewDelivery(item: OrderProxiesItem, result: OrderProxiesResult) {
  const delivered = result.exits.length;
  const requested = requestedOf(item);
  return {
    state: delivered < requested ? 'partial' as const : 'complete' as const, requested, delivered,
    items: item.items.map(({ country, place, quantity, unit_price_usd }) => ({
      country, region: place, requested: quantity, delivered: result.exits.filter((exit) => exit.country === country).length, unit_price_usd,
    })),
  };
}

function requestedOf(item: OrderProxiesItem): number {
  return item.items.reduce((sum, line) => sum + line.quantity, 0);
}

/** The network's answer as ours: ids for the proxies, and a charge for what was really delivered, at the price of the tier that was ordered. */
function delivered<K extends Outcome<Allocated> | LookUp<Allocated>>(deps: SellingDeps, order: Order<OrderProxiesItem>, outcome: K): Exclude<K, { kind: 'done' }> | Extract<Outcome<OrderProxiesResult>, { kind: 'done' }> {
  if (outcome.kind !== 'done') return outcome as Exclude<K, { kind: 'done' }>; // the compiler does not narrow a type parameter
  const { exits, startsAt } = outcome.result;
  return {
    kind: 'done',
    result: { exits: exits.map((exit) => ({ ...exit, id: newId('prx', deps.clock.nowMs()) })), starts_at: startsAt },
    charge: chargeOf(order, exits),
    ...(outcome.supplierRef === undefined ? {} : { supplierRef: outcome.supplierRef }),
  };
}

/** The share of the price that was delivered. A quoted price may differ from the sum of today's unit prices; the share is the same. */
function chargeOf(order: Order<OrderProxiesItem>, exits: readonly Exit[]): Units {
  const priceIn = new Map(order.item.items.map((line) => [line.country, parseUsd(line.unit_price_usd)]));
  const asked = order.item.items.reduce((sum, line) => sum + parseUsd(line.unit_price_usd) * BigInt(line.quantity), 0n);
  const came = exits.reduce((sum, exit) => sum + (priceIn.get(exit.country) ?? 0n), 0n);
  return asked === 0n ? 0n : prorate(order.price, came, asked, 'down');
}

function newProxies(deps: SellingDeps, order: Order<OrderProxiesItem>, result: OrderProxiesResult): NewProxy[] {
  const { item } = order;
  const product = findProduct(item.product_id);
  const startsAt = new Date(result.starts_at);
  const expiresAt = new Date(startsAt.getTime() + item.period_days * DAY_MS);
  return result.exits.map((exit, index) => {
    const pair = orderCredentials(deps.ring, order.accountId, item.auth, index);
    return {
      id: exit.id, account_id: order.accountId, order_id: order.id, product_id: item.product_id, type: product?.type ?? item.product_id, exit, protocol: item.protocol, auth_mode: item.auth_mode,
      username: pair.username, password: sealSecret(deps.ring, exit.id, pair.password), period_days: item.period_days, starts_at: startsAt, expires_at: expiresAt,
      grace_until: new Date(expiresAt.getTime() + (product?.graceDays ?? 0) * DAY_MS), auto_renew: item.auto_renew, rotation_s: item.rotation_s,
      surcharge: parseUsd(item.items.find((line) => line.country === exit.country)?.surcharge_usd ?? '0'), label: item.label, tags: [...order.tags], reference: order.reference, metadata: order.metadata,
    };
  });
}

function allowOn(deps: SellingDeps, order: Order<OrderProxiesItem>, proxies: readonly NewProxy[]): Sql {
  const now = deps.clock.now();
  const entries = proxies.flatMap((proxy) => order.item.allowed_blocks.map((block) => ({ id: newId('alw', now.getTime()), proxy_id: proxy.id, block })));
  // A foreign key to a row of the same statement: checked when the statement ends.
  return sql`
    INSERT INTO proxy.allow_entry (id, account_id, proxy_id, block, created_at)
    SELECT x.id, ${order.accountId}, x.proxy_id, x.block, ${now} FROM settled, jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) AS x(id text, proxy_id text, block text) WHERE settled.settled`;
}
