// Reads of the event feed, oldest first.
// Raw SQL: the trailing edge is the clock of the database, and a pattern is a plain prefix, not a LIKE.
import type { Product } from '../../ground/contract';
import { joinSql, sql, type Sql, type SqlRunner } from '../../base/db';
import type { Reach } from '../endpoint';
import type { JsonObject } from '../../work/purchase';
import { whereAll } from '../listing';

export interface FeedEvent {
  readonly seq: bigint;
  readonly id: string;
  readonly accountId: string;
  readonly product: string;
  readonly type: string;
  readonly subject: string;
  readonly data: JsonObject;
  readonly createdAt: Date;
}

interface Whose {
  readonly reach: Reach;
  readonly product: Product;
}

export interface FeedFilter {
  /** Whole types, or `domain.*` for all types with that prefix. None: all. */
  readonly patterns: readonly string[];
  readonly subject: string | null;
  readonly since: Date | null;
}

/**
 * The database numbers the events of one account in the order of their commits. Across accounts it does not. So the
 * feed of all accounts stays behind the present by longer than any transaction lasts; otherwise an event could appear
 * behind a cursor.
 */
const TRAIL_S = 30;

/** Reads one row more than `limit`. */
export async function listEvents(
  db: SqlRunner,
  whose: Whose,
  filter: FeedFilter,
  page: { limit: number; afterSeq: string | null },
): Promise<FeedEvent[]> {
  const { patterns, subject, since } = filter;
  return readEvents(
    db,
    sql`${whereAll([
      ...visible(whose),
      patterns.length === 0 ? null : sql`(${joinSql(patterns.map(ofType), ' OR ')})`,
      subject === null ? null : sql`subject = ${subject}`,
      since === null ? null : sql`created_at >= ${since}::timestamptz`,
      page.afterSeq === null ? null : sql`seq > ${page.afterSeq}::bigint`,
    ])}
    ORDER BY seq LIMIT ${page.limit + 1}::int`,
  );
}

export async function findEvent(db: SqlRunner, whose: Whose, id: string): Promise<FeedEvent | null> {
  const [event] = await readEvents(db, whereAll([...visible(whose), sql`id = ${id}`]));
  return event ?? null;
}

/** The newest event of each account that has one after its position. */
export async function newestEvents(
  db: SqlRunner,
  positions: ReadonlyMap<string, bigint>,
): Promise<ReadonlyMap<string, bigint>> {
  if (positions.size === 0) return new Map();
  const seqs = [...positions.values()].map(String);
  const rows = await db.$queryRaw<{ account_id: string; seq: bigint }[]>(sql`
    SELECT w.account_id, e.seq FROM unnest(${[...positions.keys()]}::text[], ${seqs}::bigint[]) AS w(account_id, after)
    CROSS JOIN LATERAL (SELECT max(n.seq) AS seq FROM platform.event n
      WHERE n.account_id = w.account_id AND n.seq > w.after) e
    WHERE e.seq IS NOT NULL`);
  return new Map(rows.map(({ account_id: accountId, seq }) => [accountId, seq]));
}

function visible({ reach, product }: Whose): Sql[] {
  return [
    reach.kind === 'account'
      ? sql`account_id = ${reach.accountId}`
      : sql`created_at < now() - make_interval(secs => ${TRAIL_S}::int)`,
    sql`product = ${product}`,
  ];
}

async function readEvents(db: SqlRunner, which: Sql): Promise<FeedEvent[]> {
  const rows = await db.$queryRaw<EventRow[]>(
    sql`SELECT seq, id, account_id, product, type, subject, data, created_at FROM platform.event ${which}`,
  );
  return rows.map((row) => ({
    seq: row.seq,
    id: row.id,
    accountId: row.account_id,
    product: row.product,
    type: row.type,
    subject: row.subject,
    data: row.data,
    createdAt: row.created_at,
  }));
}

interface EventRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly product: string;
  readonly type: string;
  readonly subject: string;
  readonly data: JsonObject;
  readonly created_at: Date;
}

function ofType(pattern: string): Sql {
  return pattern.endsWith('.*') ? sql`starts_with(type, ${pattern.slice(0, -1)})` : sql`type = ${pattern}`;
}
