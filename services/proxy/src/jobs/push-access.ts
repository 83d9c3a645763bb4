// Tells each network the access it must allow, as a wanted state with a version. The same version may be sent twice
// without effect. What the network says is in force is marked; the rest is asked for again in the next round. A row
// that changes meanwhile is sent again.
import { accessOfPlans, accessOfProxies, accessOfSubusers } from '../access/wanted-access';
import {
  dirtyPlans,
  dirtyProxies,
  dirtySubusers,
  markApplied,
  type AccessTable,
  type DirtyPage,
} from '../store/access';
import type { Access, NetworkName } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';

const PAGE_MAX = 200;
const ROUND_PAGES = 25;
const CALL_LIMIT_MS = 8_000;

/** One round. Returns true when there may be more. */
export function pushAccess(deps: ProxyDeps): Promise<boolean> {
  return deps.networks.each((_, name) => pushTo(deps, name));
}

async function pushTo(deps: ProxyDeps, network: NetworkName): Promise<boolean> {
  const { platform } = deps.service.db;
  const more = [
    await push(
      deps,
      network,
      'proxy',
      (page) => dirtyProxies(deps.db, page),
      (rows) => accessOfProxies(deps, rows),
    ),
    await push(
      deps,
      network,
      'traffic_plan',
      (page) => dirtyPlans(deps.db, page),
      (rows) => accessOfPlans(deps, rows),
    ),
    await push(
      deps,
      network,
      'subuser',
      (page) => dirtySubusers(platform, page),
      (rows) => accessOfSubusers(deps, rows),
    ),
  ];
  return more.includes(true);
}

interface Versioned {
  readonly id: string;
  readonly network: NetworkName;
  readonly access_version: number;
}
type AccessOf<R> = (rows: readonly R[]) => readonly Access[] | Promise<readonly Access[]>;

/** Tells the access of these rows, and marks what is in force. Returns how many that are. */
export async function tellAccessOf<R extends Versioned>(
  deps: ProxyDeps,
  table: AccessTable,
  rows: readonly R[],
  accessOf: AccessOf<R>,
): Promise<number> {
  const counts = await deps.networks.ofRows(rows, async (network, some) => {
    const inForce = new Set(await network.applyAccess(await accessOf(some), AbortSignal.timeout(CALL_LIMIT_MS)));
    const applied = some.filter(({ id }) => inForce.has(id));
    await markApplied(deps.service.db.platform, table, applied);
    return applied.length;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

/** True: it stopped at the bound, and something was marked, so that the next round begins elsewhere. */
async function push<R extends Versioned>(
  deps: ProxyDeps,
  network: NetworkName,
  table: AccessTable,
  read: (page: DirtyPage) => Promise<readonly R[]>,
  accessOf: AccessOf<R>,
): Promise<boolean> {
  let [afterId, marked] = ['', 0];
  for (let page = 0; page < ROUND_PAGES; page += 1) {
    const rows = await read({ network, afterId, limit: PAGE_MAX });
    if (rows.length > 0) marked += await tellAccessOf(deps, table, rows, accessOf);
    if (rows.length < PAGE_MAX) return false;
    afterId = rows.at(-1)?.id ?? '';
  }
  return marked > 0;
}
