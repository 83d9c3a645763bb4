// Gives ended and replaced proxies back to their network. A proxy may be withdrawn twice without harm.
import { sql } from '@lumi/shared/db';
import type { Loop } from '@lumi/shared/service';
import type { NetworkName, ProxyNetwork } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';

/** At each network. */
const ROUND_MAX = 200;
const CALL_LIMIT_MS = 8_000;

export function withdrawEndedLoop(deps: ProxyDeps): Loop {
  return {
    name: 'withdraw-ended',
    everyMs: 5_000,
    due: () => sql`EXISTS (SELECT 1 FROM proxy.proxy WHERE state <> 'active' AND withdrawn_at IS NULL
      AND network = ANY (${[...deps.networks.names]}::text[]))`,
    run: () => withdrawEnded(deps),
  };
}

/** One round. Returns true when there may be more. */
export function withdrawEnded(deps: ProxyDeps): Promise<boolean> {
  return deps.networks.each((network, name) => withdrawAt(deps, network, name));
}

async function withdrawAt(deps: ProxyDeps, network: ProxyNetwork, name: NetworkName): Promise<boolean> {
  const rows = await deps.db.proxy.findMany({
    where: { network: name, state: { not: 'active' }, withdrawn_at: null },
    select: { id: true, network_id: true },
    orderBy: { id: 'asc' },
    take: ROUND_MAX,
  });
  if (rows.length === 0) return false;
  await network.withdraw(
    rows.map((row) => row.network_id),
    AbortSignal.timeout(CALL_LIMIT_MS),
  );
  await deps.db.proxy.updateMany({
    where: { id: { in: rows.map((row) => row.id) }, state: { not: 'active' } },
    data: { withdrawn_at: deps.service.clock.now() },
  });
  return rows.length === ROUND_MAX;
}
