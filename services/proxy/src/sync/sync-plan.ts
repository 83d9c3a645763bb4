// Syncs traffic plans: whether they exist at the network, and at which host. Their usage comes from the network's
// counters all the time.
import type { Reach } from '@lumi/shared/endpoint';
import type { EventDraft, LookUp } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { eventsOfSync, orUnknown, untilWritten, withTruth, type Synced, type SyncSource } from '@lumi/shared/sync';
import { findPlanVersion, nextPlans, writePlanVersion } from '../store/sync-store';
import type { PlanRow } from '../store/traffic';
import type { TrafficReading } from '../supplier/proxy-network';
import { viewPlan } from '../views/plan-view';
import type { ProxyDeps } from '../deps';

const TOLD = ['host', 'port', 'port_socks', 'missing_since'] as const;

export async function syncPlan(
  { service: { db, clock, log }, networks }: ProxyDeps,
  reach: Reach,
  id: string,
): Promise<Synced<PlanRow>> {
  return untilWritten(async () => {
    const before = await findPlanVersion(db.platform, reach, id);
    if (before === null) return { kind: 'gone' };
    const { row } = before;
    const found = await orUnknown((signal) => networks.get(row.network).readTraffic([row.network_id], signal));
    if ('kind' in found) return { kind: 'unknown', cause: found.cause };
    const now = clock.now();
    const truth = found[0] ?? null;
    if (truth === null && row.missing_since === null)
      log.error('the network does not know a plan that we sold', {
        traffic_plan_id: id,
        account_id: row.account_id,
        alert: true,
      });
    const events = eventsOf(row, truth, now);
    const after = await writePlanVersion(db.platform, before, truth, { now, events });
    if (after !== null)
      return { kind: truth === null ? 'missing' : events.length > 0 ? 'changed' : 'same', row: after };
    return null;
  });
}

/**
 * Passes the outcome of a top-up on. When the network refused it because its data of the plan differ from ours, they
 * are read and shown to the caller.
 */
export function withPlanTruth<O extends LookUp<object>>(
  deps: ProxyDeps,
  about: { accountId: string; planId: string },
  outcome: O,
): Promise<O> {
  return withTruth(outcome, async () => {
    const synced = await syncPlan(deps, { kind: 'account', accountId: about.accountId }, about.planId);
    return 'row' in synced && synced.row.missing_since !== null
      ? [{ path: 'missing_since', message: isoSeconds(synced.row.missing_since) }]
      : [];
  });
}

export function planSyncs(deps: ProxyDeps): SyncSource {
  return {
    product: 'proxy',
    noun: 'traffic',
    next: (from) => nextPlans(deps.db, from),
    sync: (reach, id) => syncPlan(deps, reach, id),
  };
}

function eventsOf(row: PlanRow, truth: TrafficReading | null, now: Date): EventDraft[] {
  const about = {
    noun: 'traffic' as const,
    subject: row.id,
    data: { traffic_plan_id: row.id, pool: row.pool, reference: row.reference },
  };
  const before = viewPlan(row, now);
  if (truth === null) return eventsOfSync(about, before, null, TOLD, now);
  const after: PlanRow = {
    ...row,
    host: truth.host,
    port: truth.port,
    port_socks: truth.portSocks,
    missing_since: null,
  };
  return eventsOfSync(about, before, viewPlan(after, now), TOLD, now);
}
