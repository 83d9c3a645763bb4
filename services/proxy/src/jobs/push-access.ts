// Pushes access rules to the network, as a wanted state with a version. The same version may be pushed twice without
// effect. A row that changes during a push is pushed again.
import { accessOfPlans, accessOfProxies, accessOfSubusers } from '../access/wanted-access';
import { dirtyPlans, dirtyProxies, dirtySubusers, markApplied, type AccessTable } from '../store/access';
import type { Access } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';

const ROUND_MAX = 200;
const CALL_LIMIT_MS = 8_000;

/** One round. Returns true when there may be more. */
export async function pushAccess(deps: ProxyDeps): Promise<boolean> {
  const { platform } = deps.service.db;
  const counts = [
    await push(deps, 'proxy', await dirtyProxies(deps.db, ROUND_MAX), (rows) => accessOfProxies(deps, rows)),
    await push(deps, 'traffic_plan', await dirtyPlans(deps.db, ROUND_MAX), (rows) => accessOfPlans(deps, rows)),
    await push(deps, 'subuser', await dirtySubusers(platform, ROUND_MAX), (rows) => accessOfSubusers(deps, rows)),
  ];
  return Math.max(...counts) === ROUND_MAX;
}

async function push<R extends { readonly id: string; readonly access_version: number }>(
  deps: ProxyDeps,
  table: AccessTable,
  rows: readonly R[],
  accessOf: (rows: readonly R[]) => readonly Access[] | Promise<readonly Access[]>,
): Promise<number> {
  if (rows.length === 0) return 0;
  await deps.network.applyAccess(await accessOf(rows), AbortSignal.timeout(CALL_LIMIT_MS));
  await markApplied(deps.service.db.platform, table, rows);
  return rows.length;
}
