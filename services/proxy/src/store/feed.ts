// The access feed: one growing number, and the last change of each subject. What a subject's access is now, its row
// says; the feed says that nodes must get it again.
import { sql, type SqlRunner } from '@lumi/shared/db';
import { REACHABLE_MS } from './nodes';

export interface Told {
  readonly subject: string;
  readonly version: number;
  readonly isRemoved: boolean;
}

/**
 * Gives every subject whose version is new a number. The feed's row is locked until the statement commits, so a reader
 * that sees a number sees all smaller ones.
 */
export async function tellAccess(db: SqlRunner, network: string, told: readonly Told[], now: Date): Promise<void> {
  // Raw SQL: a lock, and numbers from it.
  await db.$executeRaw(sql`
    WITH sent AS (
      SELECT x.subject, x.version, x.is_removed FROM jsonb_to_recordset(${JSON.stringify(
        told.map(({ subject, version, isRemoved }) => ({ subject, version, is_removed: isRemoved })),
      )}::jsonb) AS x(subject text, version int, is_removed boolean)
    ), fresh AS MATERIALIZED (
      SELECT s.*, row_number() OVER (ORDER BY s.subject) AS place FROM sent s
      LEFT JOIN proxy.access_change c ON c.subject = s.subject WHERE c.subject IS NULL OR c.version < s.version
    ), feed AS (
      UPDATE proxy.access_feed SET number = number + (SELECT count(*) FROM fresh) WHERE EXISTS (SELECT 1 FROM fresh)
      RETURNING number
    )
    INSERT INTO proxy.access_change AS c (subject, network, number, version, is_removed, at)
    SELECT f.subject, ${network}, feed.number - (SELECT count(*) FROM fresh) + f.place, f.version, f.is_removed, ${now}
    FROM feed, fresh f
    ON CONFLICT (subject) DO UPDATE SET network = excluded.network, number = excluded.number,
      version = excluded.version, is_removed = excluded.is_removed, at = excluded.at
      WHERE c.version <= excluded.version`);
}

/** Those of them that are in force, at this version or a newer one, at every node that can be reached. */
export async function inForce(
  db: SqlRunner,
  told: readonly Pick<Told, 'subject' | 'version'>[],
  now: Date,
): Promise<string[]> {
  // Raw SQL: two tables in one statement.
  const rows = await db.$queryRaw<{ subject: string }[]>(sql`
    SELECT c.subject FROM jsonb_to_recordset(${JSON.stringify(
      told.map(({ subject, version }) => ({ subject, version })),
    )}::jsonb) AS x(subject text, version int)
    JOIN proxy.access_change c ON c.subject = x.subject AND c.version >= x.version
    WHERE NOT EXISTS (SELECT 1 FROM proxy.node n WHERE n.state <> 'retired' AND n.left_at IS NULL
      AND n.heard_at > ${new Date(now.getTime() - REACHABLE_MS)} AND n.access_number < c.number)`);
  return rows.map(({ subject }) => subject);
}

export async function feedNumber(db: SqlRunner): Promise<number> {
  // Raw SQL: asked often while nodes wait, without the typed client's cost.
  const rows = await db.$queryRaw<{ number: bigint }[]>(sql`SELECT number FROM proxy.access_feed`);
  return Number(rows[0]?.number ?? 0);
}

export interface Change {
  readonly subject: string;
  readonly number: number;
  readonly isRemoved: boolean;
}

export interface Changes {
  /** The feed's. */
  readonly number: number;
  /** `after` is too old, or of another feed: these are from the beginning. */
  readonly isWhole: boolean;
  /** Whether exits of nodes have changed since, or it is a whole. */
  readonly areExitsNew: boolean;
  readonly changes: readonly Change[];
}

/**
 * In the order of their numbers, at most `limit`. `notBefore`: what a node has from before is of no use; null: it is in
 * the midst of a whole, and gets what follows.
 */
export async function readChanges(
  db: SqlRunner,
  { after, notBefore, limit }: { readonly after: number; readonly notBefore: number | null; readonly limit: number },
): Promise<Changes> {
  // Raw SQL: the number and the changes in one snapshot.
  const rows = await db.$queryRaw<
    {
      feed: bigint;
      exits_number: bigint;
      is_whole: boolean;
      subject: string | null;
      number: bigint | null;
      is_removed: boolean | null;
    }[]
  >(sql`
    SELECT f.number AS feed, f.exits_number, f.is_whole, c.subject, c.number, c.is_removed
    FROM (SELECT number, horizon, exits_number, ${notBefore}::bigint IS NOT NULL AND
      (${after}::bigint < greatest(horizon, ${notBefore}::bigint, 1) OR ${after}::bigint > number) AS is_whole
      FROM proxy.access_feed) f
    LEFT JOIN LATERAL (SELECT c.subject, c.number, c.is_removed FROM proxy.access_change c
      WHERE c.number > CASE WHEN f.is_whole THEN 0 ELSE ${after}::bigint END AND NOT (f.is_whole AND c.is_removed)
      ORDER BY c.number LIMIT ${limit}::int) c ON true ORDER BY c.number`);
  return {
    number: Number(rows[0]?.feed ?? 0),
    isWhole: rows[0]?.is_whole ?? true,
    areExitsNew: (rows[0]?.is_whole ?? true) || after < Number(rows[0]?.exits_number ?? 0),
    changes: rows.flatMap(({ subject, number, is_removed: isRemoved }) =>
      subject === null ? [] : [{ subject, number: Number(number), isRemoved: isRemoved === true }],
    ),
  };
}

/** Ends of subjects stay for a day; a node that was away for longer gets everything. True: there may be more. */
export async function forgetRemoved(db: SqlRunner, before: Date, limit: number): Promise<boolean> {
  // Raw SQL: a bounded delete, and the number up to which it deleted.
  const gone = await db.$executeRaw(sql`
    WITH due AS (SELECT subject, number FROM proxy.access_change WHERE is_removed AND at < ${before}
      ORDER BY at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED),
    moved AS (UPDATE proxy.access_feed SET horizon = greatest(horizon, (SELECT max(number) FROM due))
      WHERE EXISTS (SELECT 1 FROM due))
    DELETE FROM proxy.access_change c USING due WHERE c.subject = due.subject`);
  return gone === limit;
}

/** The versions of these subjects that the feed has for nodes. */
export async function readTold(
  db: SqlRunner,
  network: string,
  subjects: readonly string[],
): Promise<{ readonly subject: string; readonly version: number }[]> {
  // Raw SQL: one array, as above.
  return db.$queryRaw<{ subject: string; version: number }[]>(sql`
    SELECT subject, version FROM proxy.access_change
    WHERE subject = ANY (${[...subjects]}::text[]) AND network = ${network} AND NOT is_removed`);
}
