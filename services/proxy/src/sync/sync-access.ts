// Lumi decides who has access, and the network stores it. When the network's state differs, it is pushed again.
import type { Reach } from '@lumi/shared/endpoint';
import type { EventDraft } from '@lumi/shared/purchase';
import { orUnknown, type Synced, type SyncSource } from '@lumi/shared/sync';
import { accessOfPlans, accessOfProxies, accessOfSubusers } from '../access/wanted-access';
import {
  findSubuserOfPlan,
  nextSubusers,
  nextWithAccess,
  noteSubuserSynced,
  tellAgain,
  type AccessTable,
  type SubuserOfPlan,
} from '../store/access';
import { findProxy } from '../store/proxies';
import type { ProxyRow } from '../store/proxy-row';
import { findPlan, type PlanRow } from '../store/traffic';
import { findSubuser, type SubuserRow } from '../store/subusers';
import type { Access, AccessReading } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';

type Row = Pick<SubuserOfPlan, 'id' | 'network' | 'access_version' | 'access_applied' | 'reference'>;
type Compared = { readonly kind: 'same' | 'changed' } | { readonly kind: 'unknown'; readonly cause?: unknown };

export async function syncSubuser(deps: ProxyDeps, reach: Reach, id: string): Promise<Synced<SubuserRow>> {
  const { platform } = deps.service.db;
  const row = await findSubuserOfPlan(platform, reach, id);
  if (row === null) return { kind: 'gone' };
  const compared = await compare(deps, 'subuser', row, () => Promise.resolve(accessOfSubusers(deps, [row])));
  if (compared.kind === 'unknown') return compared;
  await noteSubuserSynced(deps.db, id, deps.service.clock.now());
  const after = await findSubuser(deps.db, reach, id);
  return after === null ? { kind: 'gone' } : { kind: compared.kind, row: after };
}

/** The access that the network must allow at a proxy: its own allow-list, that of the account, and its pairs. */
export async function syncProxyAccess(deps: ProxyDeps, reach: Reach, id: string): Promise<Synced<ProxyRow>> {
  const row = await findProxy(deps.db, reach, id);
  if (row === null) return { kind: 'gone' };
  const compared =
    row.state === 'active'
      ? await compare(deps, 'proxy', row, () => accessOfProxies(deps, [row]))
      : ({ kind: 'same' } as const);
  return compared.kind === 'unknown' ? compared : { kind: compared.kind, row };
}

async function syncPlanAccess(deps: ProxyDeps, reach: Reach, id: string): Promise<Synced<PlanRow>> {
  const row = await findPlan(deps.db, reach, id);
  if (row === null) return { kind: 'gone' };
  const compared = await compare(deps, 'traffic_plan', row, () => accessOfPlans(deps, [row]));
  return compared.kind === 'unknown' ? compared : { kind: compared.kind, row };
}

export function subuserSyncs(deps: ProxyDeps): SyncSource {
  return {
    product: 'proxy',
    noun: 'subuser',
    next: (from) => nextSubusers(deps.db, from),
    sync: (reach, id) => syncSubuser(deps, reach, id),
  };
}

/** The allow-list of an account is in force at each of its proxies and plans. */
export function allowlistSyncs(deps: ProxyDeps): SyncSource {
  return {
    product: 'proxy',
    noun: 'allowlist',
    next: (from) => nextWithAccess(deps.service.db.platform, from),
    sync: (reach, id) => (id.startsWith('prx_') ? syncProxyAccess : syncPlanAccess)(deps, reach, id),
  };
}

/** Access that was not pushed yet says nothing about the network, because the push is still to come. */
async function compare(
  deps: ProxyDeps,
  table: AccessTable,
  row: Row,
  wantedOf: () => Promise<Access[]>,
): Promise<Compared> {
  if (row.access_applied < row.access_version) return { kind: 'same' };
  const found = await orUnknown((signal) => deps.networks.get(row.network).readAccess([row.id], signal));
  if ('kind' in found) return { kind: 'unknown', cause: found.cause };
  const [wanted] = await wantedOf();
  const [reading] = found;
  if (wanted === undefined || (reading !== undefined && agrees(wanted, reading))) return { kind: 'same' };
  const isTold = await tellAgain(deps.service.db.platform, table, row, reading?.version ?? 0, {
    now: deps.service.clock.now(),
    events: [eventOf(table, row)],
  });
  return { kind: isTold ? 'changed' : 'same' };
}

function agrees(wanted: Access, { version, held }: AccessReading): boolean {
  if (version !== wanted.version) return false;
  return (
    held === null ||
    (held.isEnabled === wanted.isEnabled &&
      isSame(
        held.usernames,
        wanted.credentials.map(({ username }) => username),
      ) &&
      isSame(
        held.allowedBlocks,
        wanted.allowedBlocks.map(({ block }) => block),
      ))
  );
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
}

function eventOf(table: AccessTable, { id: subject, reference }: Row): EventDraft {
  const changes = { is_applied: { from: true, to: false } };
  switch (table) {
    case 'proxy':
      return { type: 'proxy.synced', subject, data: { proxy_id: subject, reference, changes } };
    case 'traffic_plan':
      return { type: 'traffic.synced', subject, data: { traffic_plan_id: subject, reference, changes } };
    case 'subuser':
      return { type: 'subuser.synced', subject, data: { subuser_id: subject, reference, changes } };
  }
}
