// Writes a server when the supplier was asked about its machine. The write happens only if the row did not change since
// it was read.
import { seqAfter, sql, type SqlRunner } from '@lumi/shared/db';
import type { EventDraft } from '@lumi/shared/purchase';
import { syncEvents, type SyncFrom, type SyncNext } from '@lumi/shared/sync';
import type { PrismaClient } from '../generated/db/client';
import type { Machine } from '../supplier/hypervisor';

/**
 * False: the row has another version by now, or another operation than `except` has the server. `machine` null: the
 * supplier does not know it.
 */
export async function writeVersion(
  db: SqlRunner,
  { id, version }: { id: string; version: string },
  machine: Machine | null,
  { except, now, events }: { except: string | null; now: Date; events: readonly EventDraft[] },
): Promise<boolean> {
  const columns =
    machine === null
      ? sql`missing_since = coalesce(missing_since, ${now}::timestamptz)`
      : sql`missing_since = NULL, power = ${machine.power}, gateway_ip = ${machine.gateway}::inet`;
  const addresses =
    machine === null
      ? sql``
      : sql`,
    known AS (SELECT written.id, a.* FROM written,
      jsonb_to_recordset(${JSON.stringify(machine.addresses)}::jsonb) AS a(ip inet, version int, rdns text,
        "primary" boolean)),
    gone AS (DELETE FROM vps.address a USING written WHERE a.server_id = written.id AND NOT EXISTS (SELECT 1
      FROM known k WHERE k.ip = a.ip)),
    come AS (
      INSERT INTO vps.address AS a (ip, server_id, version, rdns, is_primary)
        SELECT k.ip, k.id, k.version, k.rdns, k."primary" FROM known k
      ON CONFLICT (ip) DO UPDATE SET rdns = excluded.rdns, is_primary = excluded.is_primary
        WHERE a.server_id = excluded.server_id)`;
  // Raw SQL: the row, its parts and the events in one statement, by the version of the row.
  const rows = await db.$queryRaw<unknown[]>(sql`
    WITH written AS (
      UPDATE vps.server s SET ${columns}, synced_at = ${now}::timestamptz WHERE s.id = ${id}
        AND s.xmin::text = ${version}
        AND NOT EXISTS (SELECT 1 FROM vps.server_lock l WHERE l.server_id = s.id AND l.operation_id IS DISTINCT
          FROM ${except}::text) RETURNING s.id, s.account_id)${addresses}
    SELECT written.id, ${syncEvents(sql`written`, 'vps', events, now)} AS told FROM written`);
  return rows.length > 0;
}

export async function nextServers(db: Pick<PrismaClient, 'server'>, from: SyncFrom): Promise<SyncNext[]> {
  return db.server.findMany({
    where: {
      account_id: from.accountId,
      lifecycle: { notIn: ['provisioning', 'terminated', 'failed'] },
      ...seqAfter(from),
    },
    select: { seq: true, id: true },
    orderBy: { seq: 'asc' },
    take: from.limit,
  });
}

export interface SnapshotFound {
  readonly id: string;
  readonly version: string;
  /** Null: the supplier does not have it. */
  readonly sizeGb: number | null;
}

/**
 * Writes what the supplier has of a server's snapshots. False, with nothing written: a snapshot has another version by
 * now, or another operation than `except` has the server.
 */
export async function writeSnapshotVersions(
  db: SqlRunner,
  serverId: string,
  found: readonly SnapshotFound[],
  { except, now, events }: { except: string | null; now: Date; events: readonly EventDraft[] },
): Promise<boolean> {
  if (found.length === 0) return true;
  // Raw SQL: as above, for several rows under lock.
  const rows = await db.$queryRaw<unknown[]>(sql`
    WITH found AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(found)}::jsonb) AS f(id text, version text,
      "sizeGb" int)),
    held AS (
      SELECT s.id FROM vps.snapshot s JOIN found f ON f.id = s.id AND f.version = s.xmin::text
      WHERE s.server_id = ${serverId} AND s.state = 'ready' AND NOT EXISTS (SELECT 1 FROM vps.server_lock l
        WHERE l.server_id = s.server_id AND l.operation_id IS DISTINCT FROM ${except}::text)
      ORDER BY s.id FOR NO KEY UPDATE OF s),
    written AS (
      UPDATE vps.snapshot s SET synced_at = ${now}::timestamptz, size_gb = coalesce(f."sizeGb", s.size_gb),
        missing_since = CASE WHEN f."sizeGb" IS NULL THEN coalesce(s.missing_since, ${now}::timestamptz) END
      FROM found f WHERE f.id = s.id AND s.id IN (SELECT id FROM held) AND (SELECT count(*)
        FROM held) = ${found.length}::int RETURNING s.account_id),
    owner AS (SELECT DISTINCT account_id FROM written)
    SELECT owner.account_id, ${syncEvents(sql`owner`, 'vps', events, now)} AS told FROM owner`);
  return rows.length > 0;
}
