// Gives ended and replaced proxies back to the network. A proxy may be withdrawn twice without harm.
import { sql } from '@lumi/shared/db';
import type { ProxyDeps } from '../deps';

const ROUND_MAX = 200;
const CALL_LIMIT_MS = 8_000;

/** One round. Returns true when there may be more. */
export async function withdrawEnded(deps: ProxyDeps): Promise<boolean> {
  const { db, clock } = deps.service;
  const rows = await db.platform.$queryRaw<{ id: string; network_id: string }[]>(sql`
    SELECT id, network_id FROM proxy.proxy WHERE state <> 'active' AND withdrawn_at IS NULL ORDER BY id
      LIMIT ${ROUND_MAX}::int`);
  if (rows.length === 0) return false;
  await deps.network.withdraw(
    rows.map((row) => row.network_id),
    AbortSignal.timeout(CALL_LIMIT_MS),
  );
  await db.platform.$executeRaw(
    sql`UPDATE proxy.proxy SET withdrawn_at = ${clock.now()} WHERE id = ANY (${rows.map((row) => row.id)}::text[])
      AND state <> 'active'`,
  );
  return rows.length === ROUND_MAX;
}
