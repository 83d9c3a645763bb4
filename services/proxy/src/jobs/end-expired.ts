// What is over goes back to the network: proxies past their grace end, and ended or replaced ones are withdrawn. Withdrawing twice does no harm.
import { sql } from '@lumi/shared/db';
import { newId } from '@lumi/shared/contract';
import type { ProxyDeps } from '../wiring';

const ROUND_MAX = 200;
const CALL_LIMIT_MS = 8_000;

/** One round; true when there may be more. */
export async function endExpired(deps: ProxyDeps): Promise<boolean> {
  const { platform } = deps.db;
  const now = deps.clock.now();
  // A proxy that is being renewed this moment is locked by its order and left alone.
  const ended = await platform.$queryRaw<{ id: string; account_id: string }[]>(sql`
    UPDATE proxy.proxy p SET state = 'ended', term = p.term + 1, access_version = p.access_version + 1, updated_at = ${now}
    FROM (SELECT id FROM proxy.proxy d WHERE d.state = 'active' AND d.grace_until <= ${now} AND NOT EXISTS (SELECT 1 FROM proxy.proxy_lock l WHERE l.proxy_id = d.id)
          ORDER BY id LIMIT ${ROUND_MAX}::int FOR UPDATE SKIP LOCKED) due
    WHERE p.id = due.id RETURNING p.id, p.account_id`);
  for (const proxy of ended) {
    const events = JSON.stringify([{ id: newId('evt', now.getTime()), type: 'proxy.expired', subject: proxy.id, data: { proxy_id: proxy.id } }]);
    await platform.$queryRaw(sql`SELECT platform.emit_events(${proxy.account_id}, ${deps.product}, ${events}::jsonb)::text`);
  }
  return ended.length === ROUND_MAX;
}

export async function withdrawEnded(deps: ProxyDeps): Promise<boolean> {
  const { platform } = deps.db;
  const rows = await platform.$queryRaw<{ id: string; network_id: string }[]>(sql`
    SELECT id, network_id FROM proxy.proxy WHERE state <> 'active' AND withdrawn_at IS NULL ORDER BY id LIMIT ${ROUND_MAX}::int`);
  if (rows.length === 0) return false;
  await deps.network.withdraw(rows.map((row) => row.network_id), AbortSignal.timeout(CALL_LIMIT_MS));
  await platform.$executeRaw(sql`UPDATE proxy.proxy SET withdrawn_at = ${deps.clock.now()} WHERE id = ANY (${rows.map((row) => row.id)}::text[]) AND state <> 'active'`);
  return rows.length === ROUND_MAX;
}
