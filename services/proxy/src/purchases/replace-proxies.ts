// Replaces addresses: free of charge as often as the product allows, then paid. The new proxy takes over expiry, label,
// credentials and settings of the old one. The old one ends at once.
import { newId } from '@lumi/shared/contract';
import { fromStep, rider, sql, type Rider } from '@lumi/shared/db';
import { openSecret, sealSecret } from '@lumi/shared/keys';
import { formatUsd, parseUsd, type Units } from '@lumi/shared/money';
import { thingSold, viewOrder, type AnyThingSold, type LookUp, type Order, type Outcome } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { insertProxies, lockProxies, lockRefusal, unlockProxies } from '../store/proxies';
import { termsToReplace } from '../store/proxy-facts';
import type { NewProxy, ProxyRow } from '../store/proxy-row';
import { networkOf, type AtNetwork } from '../supplier/networks';
import type { Allocated, Exit } from '../supplier/proxy-network';
import { withProxyTruth, type ProxiesAbout } from '../sync/sync-proxy';
import type { ProxyDeps } from '../deps';

interface ReplacedProxy {
  readonly id: string;
  readonly network_id: string;
  readonly term: number;
  readonly is_free: boolean;
  /** Sealed for the old proxy. */
  readonly password: string;
  readonly exit_ip: string;
  readonly country: string;
  readonly replacements_used: number;
  readonly free_left: number; /** Of the country it comes to, per 30 days: what it is worth from then on. */
  readonly new_surcharge_usd: string;
  readonly order_id: string;
  readonly type: string;
  readonly protocol: NewProxy['protocol'];
  readonly auth_mode: NewProxy['auth_mode'];
  readonly username: string;
  readonly period_days: number;
  readonly starts_at: string;
  readonly expires_at: string;
  readonly grace_until: string;
  readonly auto_renew: boolean;
  readonly rotation_s: number | null;
  readonly label: string | null;
  readonly tags: readonly string[];
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

export interface ReplaceProxiesItem extends AtNetwork {
  readonly [key: string]: unknown;
  readonly replacement_id: string;
  readonly product_id: string;
  readonly proxies: readonly ReplacedProxy[];
  readonly country: string | null;
  readonly different_subnet: boolean;
  readonly reason: string | null;
}

interface ReplaceProxiesResult {
  readonly [key: string]: unknown;
  readonly exits: readonly (Exit & { readonly id: string })[];
}

export function replaceProxies(deps: ProxyDeps): AnyThingSold {
  return thingSold<ReplaceProxiesItem, ReplaceProxiesResult>({
    kind: 'proxy_replace',
    termsNow: ({ item }, at) =>
      termsToReplace(
        item.proxies.map(({ id }) => id),
        at,
      ),
    refusalOfChange: { proxies: 'state_conflict', pairs: 'state_conflict', suspended: 'suspended' },
    describe: (order) => `Replacement of ${String(order.item.proxies.length)} × ${order.item.product_id}`,
    act: async (order, signal) =>
      withProxyTruth(
        deps,
        aboutOf(order),
        replaced(
          deps,
          await deps.networks.at(order.item).replace(
            order.id,
            {
              productId: order.item.product_id,
              remove: order.item.proxies.map((proxy) => proxy.network_id),
              country: order.item.country,
              differentSubnet: order.item.different_subnet,
              note: order.item.proxies.length === 1 ? (order.item.proxies[0]?.label ?? null) : null,
            },
            signal,
          ),
        ),
      ),
    lookUp: async (order, signal) =>
      withProxyTruth(
        deps,
        aboutOf(order),
        replaced(deps, await deps.networks.at(order.item).lookUp<Allocated>(order.id, signal)),
      ),
    prepare: (order) => [lockProxies(order.id, order.item.proxies), openReplacement(order)],
    deliver: (order, result) => deliver(deps, order, result),
    undo: (order) => [unlockProxies(order.id), closeReplacement(order, [], deps.service.clock.now())],
    refusalOfConstraint: lockRefusal,
    answer: (order, result) => ({
      status: 201,
      body: { order: viewOrder(order), replacement: viewDone(order, result) },
      location: `/replacements/${order.item.replacement_id}`,
    }),
    events: (order, result) =>
      order.item.proxies.map((proxy, index) => ({
        type: 'proxy.replaced',
        subject: proxy.id,
        data: {
          replacement_id: order.item.replacement_id,
          old_proxy_id: proxy.id,
          old_exit_ip: proxy.exit_ip,
          new_proxy_id: result.exits[index]?.id ?? null,
          new_exit_ip: result.exits[index]?.exitIp ?? null,
        },
      })),
  });
}

export function replacedProxy(row: ProxyRow, freePerPeriod: number, newSurcharge: Units): ReplacedProxy {
  const freeLeft = Math.max(0, freePerPeriod - row.replacements_used);
  return {
    id: row.id,
    network_id: row.network_id,
    term: row.term,
    is_free: freeLeft > 0,
    password: Buffer.from(row.password).toString('base64'),
    exit_ip: row.exit_ip,
    country: row.country,
    replacements_used: row.replacements_used,
    free_left: freeLeft,
    new_surcharge_usd: formatUsd(newSurcharge),
    order_id: row.order_id,
    type: row.type,
    protocol: row.protocol,
    auth_mode: row.auth_mode,
    username: row.username,
    period_days: row.period_days,
    starts_at: row.starts_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    grace_until: row.grace_until.toISOString(),
    auto_renew: row.auto_renew,
    rotation_s: row.rotation_s,
    label: row.label,
    tags: [...row.tags],
    reference: row.reference,
    metadata: row.metadata,
  };
}

function aboutOf(order: Order<ReplaceProxiesItem>): ProxiesAbout {
  return { accountId: order.accountId, orderId: order.id, proxyIds: order.item.proxies.map(({ id }) => id) };
}

function viewDone(order: Order<ReplaceProxiesItem>, result: ReplaceProxiesResult) {
  return {
    id: order.item.replacement_id,
    order_id: order.id,
    state: 'completed',
    reason: order.item.reason,
    removed: order.item.proxies.map((proxy) => proxy.id),
    added: result.exits.map((exit) => exit.id),
    pairs: order.item.proxies.map((proxy, index) => ({
      old_proxy_id: proxy.id,
      old_exit_ip: proxy.exit_ip,
      new_proxy_id: result.exits[index]?.id ?? '',
      new_exit_ip: result.exits[index]?.exitIp ?? '',
      was_free: proxy.is_free,
      quota_left: Math.max(0, proxy.free_left - 1),
    })),
    free: order.item.proxies.filter((proxy) => proxy.is_free).length,
    paid: order.item.proxies.filter((proxy) => !proxy.is_free).length,
    created_at: isoSeconds(order.createdAt),
    done_at: order.settledAt === null ? null : isoSeconds(order.settledAt),
  };
}

function replaced<K extends Outcome<Allocated> | LookUp<Allocated>>(
  deps: ProxyDeps,
  outcome: K,
): Exclude<K, { kind: 'done' }> | Extract<Outcome<ReplaceProxiesResult>, { kind: 'done' }> {
  // the compiler does not narrow a type parameter
  if (outcome.kind !== 'done') return outcome as Exclude<K, { kind: 'done' }>;
  return {
    kind: 'done',
    result: { exits: outcome.result.exits.map((exit) => ({ ...exit, id: newId('prx', deps.service.clock.nowMs()) })) },
    ...(outcome.supplierRef === undefined ? {} : { supplierRef: outcome.supplierRef }),
  };
}

function deliver(
  deps: ProxyDeps,
  order: Order<ReplaceProxiesItem>,
  result: ReplaceProxiesResult,
): readonly Rider<'settled'>[] {
  const now = deps.service.clock.now();
  const pairs = order.item.proxies.flatMap((old, index) => {
    const exit = result.exits[index];
    return exit === undefined ? [] : [{ old, exit }];
  });
  const fresh: NewProxy[] = pairs.map(({ old, exit }) => ({
    id: exit.id,
    account_id: order.accountId,
    order_id: old.order_id,
    product_id: order.item.product_id,
    type: old.type,
    network: networkOf(order.item),
    exit,
    protocol: old.protocol,
    auth_mode: old.auth_mode,
    username: old.username,
    password: sealSecret(
      deps.service.config.SECRET_RING,
      exit.id,
      openSecret(deps.service.config.SECRET_RING, old.id, Buffer.from(old.password, 'base64')),
    ),
    period_days: old.period_days,
    starts_at: new Date(old.starts_at),
    expires_at: new Date(old.expires_at),
    grace_until: new Date(old.grace_until),
    auto_renew: old.auto_renew,
    rotation_s: old.rotation_s,
    surcharge: parseUsd(old.new_surcharge_usd),
    label: old.label,
    tags: [...old.tags],
    reference: old.reference,
    metadata: old.metadata,
  }));
  const carried = pairs.map(({ old, exit }) => ({
    id: exit.id,
    replaces: old.id,
    replacementsUsed: old.replacements_used + 1,
  }));
  const links = pairs.map(({ old, exit }) => ({ old: old.id, fresh: exit.id }));
  return [
    insertProxies(fresh, carried),
    rider`
      UPDATE proxy.proxy p SET state = 'replaced', replaced_by = x.fresh, term = p.term + 1,
        access_version = p.access_version + 1, updated_at = ${now}
      ${fromStep(
        'settled',
        sql`jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS x(old text,
        fresh text)`,
      )}
        AND p.id = x.old`,
    rider`
      INSERT INTO proxy.allow_entry (id, account_id, proxy_id, block, label, expires_at, created_at)
      SELECT 'alw_' || substr(md5(a.id || x.fresh), 1, 24), a.account_id, x.fresh, a.block, a.label, a.expires_at,
        ${now}
      ${fromStep(
        'settled',
        sql`jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS x(old text, fresh text),
        proxy.allow_entry a`,
      )} AND a.proxy_id = x.old`,
    unlockProxies(order.id),
    closeReplacement(
      order,
      result.exits.map((exit) => exit.id),
      now,
    ),
  ];
}

function openReplacement(order: Order<ReplaceProxiesItem>): Rider<'begun'> {
  const free = order.item.proxies.filter((proxy) => proxy.is_free).length;
  return rider`
    INSERT INTO proxy.replacement (id, account_id, order_id, state, reason, removed, free, paid, created_at)
    SELECT ${order.item.replacement_id}, ${order.accountId}, ${order.id}, 'processing', ${order.item.reason}::text,
      ${order.item.proxies.map((proxy) => proxy.id)}::text[], ${free}::int,
           ${order.item.proxies.length - free}::int, ${order.createdAt} ${fromStep('begun')}`;
}

function closeReplacement(order: Order<ReplaceProxiesItem>, added: readonly string[], now: Date): Rider<'settled'> {
  return rider`
    UPDATE proxy.replacement r SET state = ${added.length === 0 ? 'failed' : 'completed'},
      added = ${[...added]}::text[], done_at = ${now} ${fromStep('settled')} AND r.order_id = ${order.id}`;
}
