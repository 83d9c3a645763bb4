// Ports of static proxies at nodes.
import { sql, type SqlRunner } from '@lumi/shared/db';
import type { PrismaClient } from '../generated/db/client';

const STEP = 500;
const STEPS_MAX = 100;

/** Puts what has no entry at a registered node on one. Bounded; a loop goes on with the rest. */
export async function placeEntries(db: SqlRunner, host: string, now: Date): Promise<void> {
  for (let step = 0; step < STEPS_MAX; step += 1) {
    // Raw SQL: a function.
    const rows = await db.$queryRaw<{ count: number }[]>(
      sql`SELECT proxy.place_own_entries(${host}, ${STEP}::int, ${now}::timestamptz) AS count`,
    );
    if ((rows[0]?.count ?? 0) < STEP) break;
  }
  for (let step = 0; step < STEPS_MAX; step += 1) {
    // Raw SQL: a function.
    const rows = await db.$queryRaw<{ count: number }[]>(
      sql`SELECT proxy.place_entries(${host}, ${STEP}::int, ${now}::timestamptz) AS count`,
    );
    if ((rows[0]?.count ?? 0) < STEP) return;
  }
}

/** Those that have one, by their id at the network. */
export async function portsOf(
  db: Pick<PrismaClient, 'entryPort'>,
  networkIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db.entryPort.findMany({ where: { network_id: { in: [...networkIds] } } });
  return new Map(rows.flatMap(({ network_id: id, port }) => (id === null ? [] : [[id, port] as const])));
}

/** The node whose address each of them has, by their id at the network. */
export async function nodesOfOwn(
  db: Pick<PrismaClient, 'ownStock'>,
  networkIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (networkIds.length === 0) return new Map();
  const rows = await db.ownStock.findMany({
    where: { network_id: { in: [...networkIds] } },
    select: { network_id: true, node_id: true },
  });
  return new Map(rows.flatMap(({ network_id: id, node_id: node }) => (id === null ? [] : [[id, node] as const])));
}
