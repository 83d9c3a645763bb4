// Snapshots of servers.
import { rider, seqBefore, sql, type AnyStepDone, type RiderOf, type SqlRunner } from '@lumi/shared/db';
import type { PrismaClient } from '../generated/db/client';
import type { SnapshotModel } from '../generated/db/models';

export type SnapshotState = 'creating' | 'ready' | 'deleting' | 'deleted' | 'failed';

export interface Snapshot {
  readonly seq: bigint;
  readonly id: string;
  readonly serverId: string;
  readonly name: string;
  readonly sizeGb: number;
  readonly state: SnapshotState;
  readonly createdAt: Date;
  /** When the supplier was last asked about it, and since when the supplier does not have it. */
  readonly syncedAt: Date | null;
  readonly missingSince: Date | null;
}

type SnapshotTable = Pick<PrismaClient, 'snapshot'>;

const SHOWN = { state: { notIn: ['deleted', 'failed'] } };

/** Newest first, one more than the limit. Deleted ones are not shown. */
export async function listSnapshots(
  db: SnapshotTable,
  serverId: string,
  page: { limit: number; beforeSeq: string | null },
): Promise<Snapshot[]> {
  const rows = await db.snapshot.findMany({
    where: { server_id: serverId, ...SHOWN, ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
  return rows.map(snapshotOfRow);
}

/** Snapshots of this server only. The request found the server within its reach. */
export async function findSnapshot(db: SnapshotTable, serverId: string, id: string): Promise<Snapshot | null> {
  const row = await db.snapshot.findFirst({ where: { id, server_id: serverId, ...SHOWN } });
  return row === null ? null : snapshotOfRow(row);
}

/** The snapshots of a server that are ready, with the version of each row. */
export async function readySnapshots(
  db: SqlRunner,
  serverId: string,
): Promise<{ readonly snapshot: Snapshot; readonly version: string }[]> {
  // Raw SQL: the version of a row is no column.
  const rows = await db.$queryRaw<(SnapshotModel & { readonly version: string })[]>(
    sql`SELECT *, xmin::text AS version FROM vps.snapshot WHERE server_id = ${serverId} AND state = 'ready'
      ORDER BY seq DESC`,
  );
  return rows.map((row) => ({ snapshot: snapshotOfRow(row), version: row.version }));
}

export function insertSnapshot<Done extends AnyStepDone>(
  snapshot: { id: string; accountId: string; serverId: string; name: string },
  source: Done,
): RiderOf<Done> {
  return rider`INSERT INTO vps.snapshot (id, account_id, server_id, name, state)
    SELECT ${snapshot.id}, ${snapshot.accountId}, ${snapshot.serverId}, ${snapshot.name}, 'creating' ${source}`;
}

export function markDeleting<Done extends AnyStepDone>(id: string, source: Done): RiderOf<Done> {
  return rider`UPDATE vps.snapshot SET state = 'deleting' ${source} AND id = ${id}`;
}

function snapshotOfRow(row: SnapshotModel): Snapshot {
  return {
    seq: row.seq,
    id: row.id,
    serverId: row.server_id,
    name: row.name,
    sizeGb: row.size_gb,
    state: row.state as SnapshotState,
    createdAt: row.created_at,
    syncedAt: row.synced_at,
    missingSince: row.missing_since,
  }; // ensured by a check constraint of the table
}
