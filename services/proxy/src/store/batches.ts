// Batches of usage: each is taken once, by one row per source and epoch that holds the last number.
import { inTransaction, sql, type Database, type SqlRunner } from '@lumi/shared/db';
import type { UsageLine } from '../supplier/proxy-network';

export interface UsageBatch {
  /** Who counted: a node, or a network with a cursor. */
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
  readonly lines: readonly {
    readonly subject: string;
    readonly hour: Date;
    readonly country: string;
    readonly target: string;
    readonly up: number;
    readonly down: number;
    readonly requests: number;
    readonly errors: number;
  }[];
}

/** What a node gives back (all that is granted beyond `keep`), and how much it would like to have unused. */
export interface LeaseWish {
  readonly subject: string;
  readonly keep?: number | undefined;
  readonly want?: number | undefined;
}

export interface LeaseNow {
  readonly subject: string;
  readonly granted: number;
  readonly used: number;
  readonly free: number;
  readonly elsewhere: number;
  readonly is_needed: boolean;
  /** More is handed out than the plan's hard stop allows. */
  readonly is_stopped: boolean;
}

export type BatchOutcome =
  | {
      readonly outcome: 'taken' | 'repeated';
      /** Lines for subjects that nobody knows. */
      readonly unknown: number;
      readonly leases: readonly LeaseNow[];
    }
  | { readonly outcome: 'gap'; readonly expected: number }
  | { readonly outcome: 'closed'; readonly seq: number }
  | { readonly outcome: 'unknown' };

export async function takeBatch(
  db: SqlRunner,
  { source, epoch, seq, lines }: UsageBatch,
  wishes: readonly LeaseWish[],
  now: Date,
): Promise<BatchOutcome> {
  // Raw SQL: a function.
  const rows = await db.$queryRaw<{ answer: BatchOutcome }[]>(sql`
    SELECT proxy.take_batch(${source}, ${epoch}::int, ${seq}::bigint, ${JSON.stringify(lines)}::jsonb,
      ${JSON.stringify(wishes)}::jsonb, ${now}::timestamptz) AS answer`);
  const [row] = rows;
  if (row === undefined) throw new Error('a batch was sent and has no outcome');
  return row.answer;
}

/** Where the cursor of a network stands. `name`: of its row. */
export async function cursorOf(
  db: SqlRunner,
  { source, epoch, name }: Cursor,
): Promise<{ readonly seq: number; readonly position: string | null }> {
  // Raw SQL: the number and the position in one snapshot.
  const rows = await db.$queryRaw<{ seq: bigint | null; position: string | null }[]>(sql`
    SELECT (SELECT seq FROM proxy.usage_epoch WHERE source = ${source} AND epoch = ${epoch}::int) AS seq,
      (SELECT position FROM proxy.usage_position WHERE network = ${name}) AS position`);
  return { seq: Number(rows[0]?.seq ?? 0n), position: rows[0]?.position ?? null };
}

export interface Cursor {
  readonly source: string;
  readonly epoch: number;
  readonly name: string;
}

/** The lines behind a position, as the next batch of its cursor, and the position after them. */
export function takeFromCursor(
  db: Pick<Database, 'platform'>,
  { source, epoch, name }: Cursor,
  { seq, lines, position }: { readonly seq: number; readonly lines: readonly UsageLine[]; readonly position: string },
  now: Date,
): Promise<BatchOutcome> {
  return inTransaction(db, async (tx) => {
    const batch = lines.map(({ subject, at, country, target, bytesUp, bytesDown, requests, errors }) => ({
      subject,
      hour: at,
      country,
      target,
      up: bytesUp,
      down: bytesDown,
      requests,
      errors,
    }));
    const taken = await takeBatch(tx, { source, epoch, seq, lines: batch }, [], now);
    if (taken.outcome === 'taken')
      // Raw SQL: in the transaction of the batch.
      await tx.$executeRaw(sql`
        INSERT INTO proxy.usage_position (network, position) VALUES (${name}, ${position})
        ON CONFLICT (network) DO UPDATE SET position = excluded.position`);
    return taken;
  });
}

/** The next epoch of a node, after all earlier ones are closed. */
export async function openEpoch(db: SqlRunner, node: string, now: Date): Promise<number> {
  // Raw SQL: a function.
  const rows = await db.$queryRaw<{ epoch: number }[]>(
    sql`SELECT proxy.open_epoch(${node}, ${now}::timestamptz) AS epoch`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('an epoch was opened and has no number');
  return row.epoch;
}

/** Closes the epochs of a source before this one: what they had not used is free again. */
export async function closeEpochs(db: SqlRunner, source: string, before: number, now: Date): Promise<void> {
  // Raw SQL: a function.
  await db.$queryRaw(sql`SELECT proxy.close_epochs(${source}, ${before}::int, ${now}::timestamptz)::text`);
}

/** Frees the leases of nodes that have been silent since before this moment. Returns the nodes. */
export async function freeSilentLeases(db: SqlRunner, before: Date, limit: number): Promise<string[]> {
  const freed: string[] = [];
  while (freed.length < limit) {
    // Raw SQL: a function.
    const rows = await db.$queryRaw<{ source: string | null }[]>(
      sql`SELECT proxy.free_silent_leases(${before}::timestamptz) AS source`,
    );
    const source = rows[0]?.source ?? null;
    if (source === null) break;
    freed.push(source);
  }
  return freed;
}
