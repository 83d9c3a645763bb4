// Writing a server when the supplier was asked about its machine: only if nothing happened to the row since it was read.
import { sql, type SqlRunner } from '@lumi/shared/db';
import type { EventDraft } from '@lumi/shared/purchase';
import { syncEvents, type Turn } from '@lumi/shared/sync';
import type { Machine } from '../supplier/hypervisor';

export function turnOf(server: { readonly id: string }): Turn {
  return { table: sql`vps.server`, row: sql`id = ${server.id}` };
}

/** False: the row is another version by now, or another operation than `except` has the server. `machine` null: the supplier does not know it. */
export async function writeVersion(
  db: SqlRunner, { id, version }: { id: string; version: string }, machine: Machine | null, { except, now, events }: { except: string | null; now: Date; events: readonly EventDraft[] },
): Promise<boolean> {
  const columns = machine === null ? sql`missing_since = coalesce(missing_since, ${now}::timestamptz)` : sql`missing_since = NULL, power = ${machine.power}, gateway_ip = ${machine.gateway}::inet`;
  const addresses = machine === null ? sql`` : sql`,
    known AS (SELECT written.id, a.* FROM written, jsonb_to_recordset(${JSON.stringify(machine.addresses)}::jsonb) AS a(ip inet, version int, rdns text, "primary" boolean)),
    gone AS (DELETE FROM vps.address a USING written WHERE a.server_id = written.id AND NOT EXISTS (SELECT 1 FROM known k WHERE k.ip = a.ip)),
    come AS (
      INSERT INTO vps.address AS a (ip, server_id, version, rdns, is_primary) SELECT k.ip, k.id, k.version, k.rdns, k."primary" FROM known k
      ON CONFLICT (ip) DO UPDATE SET rdns = excluded.rdns, is_primary = excluded.is_primary WHERE a.server_id = excluded.server_id)`;
  const rows = await db.$queryRaw<unknown[]>(sql`
    WITH written AS (
      UPDATE vps.server s SET ${columns}, synced_at = ${now}::timestamptz WHERE s.id = ${id} AND s.xmin::text = ${version}
        AND NOT EXISTS (SELECT 1 FROM vps.server_lock l WHERE l.server_id = s.id AND l.operation_id IS DISTINCT FROM ${except}::text) RETURNING s.id, s.account_id)${addresses}
    SELECT written.id, ${syncEvents(sql`written`, 'vps', events, now)} AS told FROM written`);
  return rows.length > 0;
}

export async function nextServers(db: SqlRunner, accountId: string, afterSeq: string, limit: number): Promise<readonly { readonly seq: bigint; readonly id: string }[]> {
  return db.$queryRaw<{ seq: bigint; id: string }[]>(sql`
    SELECT seq, id FROM vps.server WHERE account_id = ${accountId} AND lifecycle NOT IN ('provisioning', 'terminated', 'failed') AND seq > ${BigInt(afterSeq)} ORDER BY seq LIMIT ${limit}::int`);
}
