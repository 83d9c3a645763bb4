// Buys static proxies: several countries in one order, delivered completely or, if the buyer agreed, in part. The buyer
// pays only for delivered proxies.
import { newId } from '@lumi/shared/contract';
import { sealSecret } from '@lumi/shared/keys';
import { formatUsd, parseUsd } from '@lumi/shared/money';
import {
  costLine,
  costOf,
  thingSold,
  viewOrder,
  type CostLine,
  type AnyThingSold,
  type LookUp,
  type Order,
  type Outcome,
} from '@lumi/shared/purchase';
import { fromStep, rider, sql, type Rider } from '@lumi/shared/db';
import { DAY_MS } from '@lumi/shared/times';
import type { ProxyDeps } from '../deps';
import { orderCredentials } from '../access/credentials';
import { costOfDelivery, type OrderTariff } from '../catalogue/price-order';
import { findProduct, type Protocol } from '../catalogue/products';
import { viewProxy } from '../views/proxy-view';
import { insertProxies } from '../store/proxies';
import { rowOfNew, type AuthMode, type NewProxy } from '../store/proxy-row';
import { networkOf, type AtNetwork } from '../supplier/networks';
import type { Allocated, Exit } from '../supplier/proxy-network';

export interface OrderProxiesItem extends AtNetwork {
  readonly [key: string]: unknown;
  readonly product_id: string;
  readonly items: readonly {
    readonly country: string;
    readonly place: string | null;
    readonly quantity: number;
    readonly surcharge_usd: string;
  }[];
  readonly period_days: number;
  readonly protocol: Protocol;
  readonly auth_mode: AuthMode;
  /** The sealed secret from which the credentials are derived. */
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

export function orderProxies(deps: ProxyDeps): AnyThingSold {
  return thingSold<OrderProxiesItem, OrderProxiesResult>({
    kind: 'proxy_order',
    termsNow: 'fixed', // there is no proxy yet; the network itself refuses without stock
    describe: (order) =>
      `${String(requestedOf(order.item))} × ${order.item.product_id}, ${String(order.item.period_days)} days`,
    act: async (order, signal) =>
      allocated(
        deps,
        await deps.networks.at(order.item).allocate(
          order.id,
          {
            productId: order.item.product_id,
            items: order.item.items.map(({ country, place, quantity }) => ({ country, place, quantity })),
            periodDays: order.item.period_days,
            allowPartial: order.item.partial === 'accept',
            subnetDiversity: order.item.subnet_diversity,
            note: order.item.label,
          },
          signal,
        ),
      ),
    lookUp: async (order, signal) =>
      allocated(deps, await deps.networks.at(order.item).lookUp<Allocated>(order.id, signal)),
    delivered: deliveredPart,
    deliver: (order, result) => {
      const proxies = newProxies(deps, order, result);
      return [
        insertProxies(proxies),
        ...(order.item.allowed_blocks.length === 0 ? [] : [allowOn(deps, order, proxies)]),
      ];
    },
    answer: (order, result) => {
      const proxies = newProxies(deps, order, result).map((proxy) => viewProxy(rowOfNew(proxy), proxy.starts_at));
      return {
        status: 201,
        body: { order: viewOrder(order), delivery: viewDelivery(order, result), proxies },
        location: `/proxies?order_id=${order.id}`,
      };
    },
    events: (order, result) => [
      {
        type: 'proxy.delivered',
        subject: order.id,
        data: {
          order_id: order.id,
          requested: requestedOf(order.item),
          delivered: result.exits.length,
          proxy_ids: result.exits.map((exit) => exit.id),
        },
      },
    ],
  });
}

export function viewDelivery(order: Order<OrderProxiesItem>, result: OrderProxiesResult) {
  const { item } = order;
  const delivered = result.exits.length;
  const requested = requestedOf(item);
  const countries = [...countsOf(result).keys()];
  const lines = (deliveredPart(order, result) ?? []).map((line, i) => ({ line, country: countries[i] }));
  return {
    state: delivered < requested ? ('partial' as const) : ('complete' as const),
    requested,
    delivered,
    items: item.items.map(({ country, place, quantity }, index) => ({
      country,
      region: place,
      requested: quantity,
      delivered: result.exits.filter((exit) => exit.country === country).length,
      unit_price_usd: formatUsd(
        BigInt((lines.find(({ country: of }) => of === country)?.line ?? order.terms.cost[index])?.unit ?? '0'),
      ),
    })),
  };
}

function requestedOf(item: OrderProxiesItem): number {
  return item.items.reduce((sum, line) => sum + line.quantity, 0);
}

/** Translates the network's answer: proxies get our ids. */
function allocated<K extends Outcome<Allocated> | LookUp<Allocated>>(
  deps: ProxyDeps,
  outcome: K,
): Exclude<K, { kind: 'done' }> | Extract<Outcome<OrderProxiesResult>, { kind: 'done' }> {
  // the compiler does not narrow a type parameter
  if (outcome.kind !== 'done') return outcome as Exclude<K, { kind: 'done' }>;
  const { exits, startsAt } = outcome.result;
  return {
    kind: 'done',
    result: {
      exits: exits.map((exit) => ({ ...exit, id: newId('prx', deps.service.clock.nowMs()) })),
      starts_at: startsAt,
    },
    ...(outcome.supplierRef === undefined ? {} : { supplierRef: outcome.supplierRef }),
  };
}

/**
 * The price of a partial delivery: the unit price of the tier that was delivered, by the tariff of the order. It is
 * never more than the price of the whole order, which is the most that the buyer agreed to (a smaller quantity of a
 * dearer tier may cost more than the order).
 */
function deliveredPart(order: Order<OrderProxiesItem>, result: OrderProxiesResult): readonly CostLine[] | null {
  if (result.exits.length >= requestedOf(order.item)) return null;
  const lines = costOfDelivery(
    order.terms.tariff as OrderTariff,
    { productId: order.item.product_id, periodDays: order.item.period_days },
    countsOf(result),
  ); // written by the offer
  const over = costOf(lines) - order.price;
  return over <= 0n ? lines : [...lines, costLine('Never more than the whole order', -over)];
}

function countsOf(result: OrderProxiesResult): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { country } of result.exits) counts.set(country, (counts.get(country) ?? 0) + 1);
  return counts;
}

function newProxies(deps: ProxyDeps, order: Order<OrderProxiesItem>, result: OrderProxiesResult): NewProxy[] {
  const { item } = order;
  const product = findProduct(item.product_id);
  const startsAt = new Date(result.starts_at);
  const expiresAt = new Date(startsAt.getTime() + item.period_days * DAY_MS);
  return result.exits.map((exit, index) => {
    const pair = orderCredentials(deps.service.config.SECRET_RING, order.accountId, item.auth, index);
    return {
      id: exit.id,
      account_id: order.accountId,
      order_id: order.id,
      product_id: item.product_id,
      type: product?.type ?? item.product_id,
      network: networkOf(item),
      exit,
      protocol: item.protocol,
      auth_mode: item.auth_mode,
      username: pair.username,
      password: sealSecret(deps.service.config.SECRET_RING, exit.id, pair.password),
      period_days: item.period_days,
      starts_at: startsAt,
      expires_at: expiresAt,
      grace_until: new Date(expiresAt.getTime() + (product?.graceDays ?? 0) * DAY_MS),
      auto_renew: item.auto_renew,
      rotation_s: item.rotation_s,
      surcharge: parseUsd(item.items.find((line) => line.country === exit.country)?.surcharge_usd ?? '0'),
      label: item.label,
      tags: [...order.tags],
      reference: order.reference,
      metadata: order.metadata,
    };
  });
}

function allowOn(deps: ProxyDeps, order: Order<OrderProxiesItem>, proxies: readonly NewProxy[]): Rider<'settled'> {
  const now = deps.service.clock.now();
  const entries = proxies.flatMap((proxy) =>
    order.item.allowed_blocks.map((block) => ({ id: newId('alw', now.getTime()), proxy_id: proxy.id, block })),
  );
  // A foreign key to a row of the same statement: checked when the statement ends.
  return rider`
    INSERT INTO proxy.allow_entry (id, account_id, proxy_id, block, created_at)
    SELECT x.id, ${order.accountId}, x.proxy_id, x.block,
      ${now} ${fromStep(
        'settled',
        sql`jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) AS x(id text,
        proxy_id text, block text)`,
      )}`;
}
