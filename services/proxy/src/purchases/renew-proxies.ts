// Renews one proxy, several, or all of an order, as one purchase. Each proxy is locked on the term it was priced for,
// so neither an equal request nor one with an old expiry can extend it twice.
import { fromStep, rider, sql, type Rider } from '@lumi/shared/db';
import { thingSold, viewOrder, type AnyThingSold, type LookUp, type Order, type Outcome } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { DAY_MS } from '@lumi/shared/times';
import { findProduct } from '../catalogue/products';
import { lockProxies, lockRefusal, unlockProxies } from '../store/proxies';
import { termsToRenew } from '../store/proxy-facts';
import type { ProxyRow } from '../store/proxy-row';
import type { AtNetwork } from '../supplier/networks';
import { withProxyTruth, type ProxiesAbout } from '../sync/sync-proxy';
import type { ProxyDeps } from '../deps';

export interface RenewProxiesItem extends AtNetwork {
  readonly [key: string]: unknown;
  readonly proxies: readonly {
    readonly id: string;
    readonly network_id: string;
    readonly term: number;
    readonly from: string;
    readonly until: string;
    readonly grace_until: string;
    readonly price_usd: string;
  }[];
  readonly period_days: number;
  readonly note: string | null;
}

interface RenewProxiesResult {
  readonly [key: string]: unknown;
  readonly renewed: number;
}

export function renewProxies(deps: ProxyDeps): AnyThingSold {
  return thingSold<RenewProxiesItem, RenewProxiesResult>({
    kind: 'proxy_renew',
    termsNow: ({ item }, at) =>
      termsToRenew(
        item.proxies.map(({ id }) => id),
        at,
      ),
    refusalOfChange: { proxies: 'expiry_mismatch', suspended: 'suspended' },
    describe: (order) =>
      `Renewal of ` +
      `${order.item.proxies.length === 1 ? order.subject : `${String(order.item.proxies.length)} proxies`}, ` +
      `${String(order.item.period_days)} days`,
    act: async (order, signal) =>
      withProxyTruth(
        deps,
        aboutOf(order),
        renewed(
          order.item,
          await deps.networks.at(order.item).extend(
            order.id,
            {
              networkIds: order.item.proxies.map((proxy) => proxy.network_id),
              until: order.item.proxies.map((proxy) => proxy.until),
              note: order.item.note,
            },
            signal,
          ),
        ),
      ),
    lookUp: async (order, signal) =>
      withProxyTruth(
        deps,
        aboutOf(order),
        renewed(order.item, await deps.networks.at(order.item).lookUp(order.id, signal)),
      ),
    prepare: (order) => [lockProxies(order.id, order.item.proxies)],
    deliver: (order) => [extendRows(order.item, deps.service.clock.now()), unlockProxies(order.id)],
    undo: (order) => [unlockProxies(order.id)],
    refusalOfConstraint: lockRefusal,
    answer: (order) => ({
      status: 200,
      body: {
        order: viewOrder(order),
        proxies: order.item.proxies.map((proxy) => ({
          id: proxy.id,
          previous_expires_at: isoSeconds(new Date(proxy.from)),
          expires_at: isoSeconds(new Date(proxy.until)),
          price_usd: proxy.price_usd,
        })),
      },
    }),
    events: (order) =>
      order.item.proxies.map((proxy) => ({
        type: 'proxy.renewed',
        subject: proxy.id,
        data: { proxy_id: proxy.id, order_id: order.id, expires_at: isoSeconds(new Date(proxy.until)) },
      })),
  });
}

/** The item of a renewal; all rows must be of one network. `priceOf` is a string because the order row keeps it. */
export function renewalOf(
  rows: readonly ProxyRow[],
  periodDays: number,
  priceOf: (row: ProxyRow) => string,
): RenewProxiesItem {
  return {
    network: rows[0]?.network,
    period_days: periodDays,
    note: rows.length === 1 ? (rows[0]?.label ?? null) : null,
    proxies: rows.map((row) => {
      const until = new Date(row.expires_at.getTime() + periodDays * DAY_MS);
      const graceDays = findProduct(row.product_id)?.graceDays ?? 0;
      return {
        id: row.id,
        network_id: row.network_id,
        term: row.term,
        from: row.expires_at.toISOString(),
        until: until.toISOString(),
        grace_until: new Date(until.getTime() + graceDays * DAY_MS).toISOString(),
        price_usd: priceOf(row),
      };
    }),
  };
}

function aboutOf(order: Order<RenewProxiesItem>): ProxiesAbout {
  return { accountId: order.accountId, orderId: order.id, proxyIds: order.item.proxies.map(({ id }) => id) };
}

function renewed<K extends Outcome<Record<string, unknown>> | LookUp<Record<string, unknown>>>(
  item: RenewProxiesItem,
  outcome: K,
): Exclude<K, { kind: 'done' }> | Extract<Outcome<RenewProxiesResult>, { kind: 'done' }> {
  // the compiler does not narrow a type parameter
  if (outcome.kind !== 'done') return outcome as Exclude<K, { kind: 'done' }>;
  return {
    kind: 'done',
    result: { renewed: item.proxies.length },
    ...(outcome.supplierRef === undefined ? {} : { supplierRef: outcome.supplierRef }),
  };
}

function extendRows(item: RenewProxiesItem, now: Date): Rider<'settled'> {
  return rider`
    UPDATE proxy.proxy p SET expires_at = x.until, grace_until = x.grace_until, period_days = ${item.period_days}::int,
      term = p.term + 1, replacements_used = 0,
      access_version = p.access_version + 1, updated_at = ${now}
    ${fromStep(
      'settled',
      sql`jsonb_to_recordset(${JSON.stringify(item.proxies)}::jsonb) AS x(id text,
      until timestamptz, grace_until timestamptz)`,
    )} AND p.id = x.id`;
}
