// Reads proxies at the network and stores them: when a caller requests it, and when the network contradicted us.
import type { ErrorDetail } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { EventDraft, LookUp } from '@lumi/shared/purchase';
import { elapsedMs, isoSeconds } from '@lumi/shared/runtime';
import { eventsOfSync, orUnknown, untilWritten, withTruth, type Synced, type SyncSource } from '@lumi/shared/sync';
import type { ProxyDeps } from '../deps';
import type { ProxyRow } from '../store/proxy-row';
import { findProxyVersion, nextProxies, writeProxyVersion, type ProxyTruth } from '../store/sync-store';
import type { ExitReading } from '../supplier/proxy-network';
import { viewProxy, type ProxyView } from '../views/proxy-view';

const AT_ONCE = 10;
/** No group begins after this time. The limit of the whole request ends the last group. */
const READ_MS = 2_000;
const DETAILS_MAX = 50;
const TOLD: readonly (keyof ProxyView & string)[] = [
  'state',
  'expires_at',
  'grace_ends_at',
  'exit_ip',
  'subnet',
  'country',
  'city',
  'asn',
  'missing_since',
];

/** `except`: the order that causes this sync and holds the proxy's lock. */
export async function syncProxy(
  { service: { db, clock, log }, networks }: ProxyDeps,
  reach: Reach,
  id: string,
  except: string | null = null,
): Promise<Synced<ProxyRow>> {
  return untilWritten(async () => {
    const before = await findProxyVersion(db.platform, reach, id, except);
    if (before === null) return { kind: 'gone' };
    const { row } = before;
    if (before.heldBy !== null) return { kind: 'busy', operationId: before.heldBy };
    // An ended proxy was given back.
    if (row.state !== 'active' || row.grace_until <= clock.now()) return { kind: 'same', row };
    const found = await orUnknown((signal) => networks.get(row.network).readExits([row.network_id], signal));
    if ('kind' in found) return { kind: 'unknown', cause: found.cause };
    const now = clock.now();
    const truth = found[0] === undefined ? null : truthOf(row, found[0]);
    if (truth === null && row.missing_since === null)
      log.error('the network does not run a proxy that we sold', {
        proxy_id: id,
        account_id: row.account_id,
        alert: true,
      });
    const events = eventsOf(row, truth, now);
    const after = await writeProxyVersion(db.platform, before, truth, { except, now, events });
    if (after !== null)
      return { kind: truth === null ? 'missing' : events.length > 0 ? 'changed' : 'same', row: after };
    return null;
  });
}

export interface ProxiesAbout {
  readonly accountId: string;
  readonly orderId: string | null;
  readonly proxyIds: readonly string[];
}

/**
 * Passes the outcome of a command on. When the network refused it because its data of the proxies differ from ours,
 * they are read and shown to the caller, for as many proxies as there is time for.
 */
export function withProxyTruth<O extends LookUp<object>>(deps: ProxyDeps, about: ProxiesAbout, outcome: O): Promise<O> {
  return withTruth(outcome, async () => {
    const endsAtMs = elapsedMs() + READ_MS;
    const details: ErrorDetail[] = [];
    for (let start = 0; start < about.proxyIds.length && elapsedMs() < endsAtMs; start += AT_ONCE) {
      const synced = await Promise.all(
        about.proxyIds
          .slice(start, start + AT_ONCE)
          .map((id) => syncProxy(deps, { kind: 'account', accountId: about.accountId }, id, about.orderId)),
      );
      details.push(
        ...synced.flatMap((one) => ('row' in one ? detailsOf(one.row, one.kind, about.proxyIds.length === 1) : [])),
      );
    }
    return details.slice(0, DETAILS_MAX);
  });
}

export function proxySyncs(deps: ProxyDeps): SyncSource {
  return {
    product: 'proxy',
    noun: 'proxy',
    next: (from) => nextProxies(deps.db, from),
    sync: (reach, id) => syncProxy(deps, reach, id),
  };
}

/** What a caller needs to try again; with several proxies, also which of them it concerns. */
function detailsOf(row: ProxyRow, kind: 'same' | 'changed' | 'missing', isOnlyOne: boolean): ErrorDetail[] {
  if (row.missing_since !== null)
    return [
      isOnlyOne
        ? { path: 'missing_since', message: isoSeconds(row.missing_since) }
        : { path: row.id, message: `missing since ${isoSeconds(row.missing_since)}` },
    ];
  return isOnlyOne || kind === 'changed'
    ? [{ path: isOnlyOne ? 'current_expires_at' : row.id, message: isoSeconds(row.expires_at) }]
    : [];
}

function truthOf(row: ProxyRow, reading: ExitReading): ProxyTruth {
  const expiresAt = reading.until === null ? row.expires_at : new Date(reading.until);
  const graceMs = row.grace_until.getTime() - row.expires_at.getTime();
  const { exitIp, subnet, country, city, asn } = reading;
  return {
    exit: { exitIp, subnet, country, city, asn },
    expiresAt,
    graceUntil: new Date(expiresAt.getTime() + graceMs),
  };
}

function eventsOf(row: ProxyRow, truth: ProxyTruth | null, now: Date): EventDraft[] {
  const about = {
    noun: 'proxy' as const,
    subject: row.id,
    data: { proxy_id: row.id, order_id: row.order_id, reference: row.reference },
  };
  const before = viewProxy(row, now);
  if (truth === null) return eventsOfSync(about, before, null, TOLD, now);
  const { exitIp, subnet, country, city, asn } = truth.exit;
  const after: ProxyRow = {
    ...row,
    exit_ip: exitIp,
    subnet,
    country,
    city,
    asn,
    expires_at: truth.expiresAt,
    grace_until: truth.graceUntil,
    missing_since: null,
  };
  return eventsOfSync(about, before, viewProxy(after, now), TOLD, now);
}
