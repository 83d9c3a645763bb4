// Gives ended and replaced proxies back to the network. A proxy may be withdrawn twice without harm.
import { sql } from '@lumi/shared/db';
import type { Loop } from '@lumi/shared/service';
import type { ProxyDeps } from '../deps';

const ROUND_MAX = 200;
const CALL_LIMIT_MS = 8_000;

export function withdrawEndedLoop(deps: ProxyDeps): Loop {
  return {
    name: 'withdraw-ended',
    everyMs: 5_000,
    due: () => sql`EXISTS (SELECT 1 FROM proxy.proxy WHERE state <> 'active' AND withdrawn_at IS NULL)`,
    run: () => withdrawEnded(deps),
  };
}

/** One round. Returns true when there may be more. */
export async function withdrawEnded(deps: ProxyDeps): Promise<boolean> {
  const rows = await deps.db.proxy.findMany({
    where: { state: { not: 'active' }, withdrawn_at: null },
    select: { id: true, network_id: true },
    orderBy: { id: 'asc' },
    take: ROUND_MAX,
  });
  if (rows.length === 0) return false;
  await deps.network.withdraw(
    rows.map((row) => row.network_id),
    AbortSignal.timeout(CALL_LIMIT_MS),
  );
  await deps.db.proxy.updateMany({
    where: { id: { in: rows.map((row) => row.id) }, state: { not: 'active' } },
    data: { withdrawn_at: deps.service.clock.now() },
  });
  return rows.length === ROUND_MAX;
}
