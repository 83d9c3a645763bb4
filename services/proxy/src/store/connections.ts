// How connections through nodes ended. Nodes report it beside usage; nothing is billed by it.
import { given, seqBefore, sql, type SqlRunner } from '@lumi/shared/db';
import { ownedBy, type Reach } from '@lumi/shared/endpoint';
import type { PrismaClient } from '../generated/db/client';
import type { ConnectionModel } from '../generated/db/models';

export interface ConnectionNote {
  readonly id: string;
  readonly subject: string;
  readonly at: Date;
  readonly client: string;
  readonly protocol: 'http' | 'socks5';
  readonly target: string | null;
  readonly exit: string | null;
  readonly up: number;
  readonly down: number;
  readonly ms: number;
  readonly refusal: string | null;
}

export async function noteConnections(
  db: SqlRunner,
  node: string,
  notes: readonly ConnectionNote[],
  now: Date,
): Promise<void> {
  if (notes.length === 0) return;
  // Raw SQL: a function.
  await db.$queryRaw(
    sql`SELECT proxy.note_connections(${node}, ${JSON.stringify(notes)}::jsonb, ${now}::timestamptz)::text`,
  );
}

export interface ConnectionFilter {
  readonly subjects: readonly string[];
  /** Of the plan and its sub-users. */
  readonly planId?: string | undefined;
  /** A word; `any`: every refused one; `none`: those that were not refused. */
  readonly error?: string | undefined;
  readonly from?: Date | undefined;
}

/** Newest first. */
export function listConnections(
  db: Pick<PrismaClient, 'connection'>,
  reach: Reach,
  { subjects, planId, error, from }: ConnectionFilter,
  page: { readonly limit: number; readonly beforeSeq: string | null },
): Promise<ConnectionModel[]> {
  return db.connection.findMany({
    where: {
      ...ownedBy(reach),
      ...given({
        plan_id: planId,
        refusal: error === undefined ? undefined : error === 'any' ? { not: null } : error === 'none' ? null : error,
        at: from === undefined ? undefined : { gte: from },
      }),
      AND: subjects.map((subject) => ({ subject })),
      ...seqBefore(page),
    },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
}

/** One round; true when there may be more. */
export async function forgetConnections(db: SqlRunner, limit: number): Promise<boolean> {
  // Raw SQL: a function.
  const [row] = await db.$queryRaw<{ count: number }[]>(sql`SELECT proxy.forget_connections(${limit}::int) AS count`);
  return row?.count === limit;
}
