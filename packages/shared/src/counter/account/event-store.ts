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
  /** Null: it is about the account itself, and the feed of every product shows it. */
  readonly product: string | null;
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
 * feed of all accounts stays behind the present by longer than any transaction lasts, and it ends before the first
 * number that is younger than that. Otherwise an event could appear behind a cursor.
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
  const asked = [
    patterns.length === 0 ? null : sql`(${joinSql(patterns.map(ofType), ' OR ')})`,
    subject === null ? null : sql`subject = ${subject}`,
    since === null ? null : sql`created_at >= ${since}::timestamptz`,
    page.afterSeq === null ? null : sql`seq > ${page.afterSeq}::bigint`,
  ];
  const inOrder = sql`ORDER BY seq LIMIT ${page.limit + 1}::int`;
  // Each half is the beginning of a range of the index (account, product, seq).
  const halves = ofFeed(whose.product).map(
    (part) => sql`(SELECT ${COLUMNS} FROM platform.event ${whereAll([...visible(whose), part, ...asked])} ${inOrder})`,
  );
  return readEvents(db, sql`SELECT * FROM (${joinSql(halves, ' UNION ALL ')}) feed ${inOrder}`);
}

export async function findEvent(db: SqlRunner, whose: Whose, id: string): Promise<FeedEvent | null> {
  const feed = sql`(${joinSql(ofFeed(whose.product), ' OR ')})`;
  const [event] = await readEvents(
    db,
    sql`SELECT ${COLUMNS} FROM platform.event ${whereAll([...visible(whose), feed, sql`id = ${id}`])}`,
  );
  return event ?? null;
}

/** Those of these that are kept. */
export function eventsById(db: SqlRunner, ids: readonly string[]): Promise<FeedEvent[]> {
  return readEvents(db, sql`SELECT ${COLUMNS} FROM platform.event WHERE id = ANY (${[...ids]}::text[])`);
}

/** The newest event of each account that has one after its position in the feed of the product. */
export async function newestEvents(
  db: SqlRunner,
  product: Product,
  positions: ReadonlyMap<string, bigint>,
): Promise<ReadonlyMap<string, bigint>> {
  if (positions.size === 0) return new Map();
  const seqs = [...positions.values()].map(String);
  const newest = ofFeed(product).map(
    (part) => sql`(SELECT max(seq) FROM platform.event WHERE account_id = w.account_id AND ${part} AND seq > w.after)`,
  );
  const rows = await db.$queryRaw<{ account_id: string; seq: bigint }[]>(sql`
    SELECT w.account_id, e.seq FROM unnest(${[...positions.keys()]}::text[], ${seqs}::bigint[]) AS w(account_id, after)
    CROSS JOIN LATERAL (SELECT greatest(${joinSql(newest, ', ')}) AS seq) e
    WHERE e.seq IS NOT NULL`);
  return new Map(rows.map(({ account_id: accountId, seq }) => [accountId, seq]));
}

const COLUMNS = sql`seq, id, account_id, product, type, subject, data, created_at`;

/** The events of a feed, in two parts: those of the product, and those about the account itself. */
function ofFeed(product: Product): Sql[] {
  return [sql`product = ${product}`, sql`product IS NULL`];
}

function visible({ reach, product }: Whose): Sql[] {
  if (reach.kind === 'account') return [sql`account_id = ${reach.accountId}`];
  const trail = sql`now() - make_interval(secs => ${TRAIL_S}::int)`;
  const young = ofFeed(product).map(
    (part) => sql`(SELECT min(seq) FROM platform.event WHERE ${part} AND created_at >= ${trail})`,
  );
  return [sql`created_at < ${trail}`, sql`seq < coalesce(least(${joinSql(young, ', ')}), ${SEQ_MAX}::bigint)`];
}

/** Greater than every number of an event. */
const SEQ_MAX = '9223372036854775807';

async function readEvents(db: SqlRunner, select: Sql): Promise<FeedEvent[]> {
  const rows = await db.$queryRaw<EventRow[]>(select);
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
  readonly product: string | null;
  readonly type: string;
  readonly subject: string;
  readonly data: JsonObject;
  readonly created_at: Date;
}

function ofType(pattern: string): Sql {
  return pattern.endsWith('.*') ? sql`starts_with(type, ${pattern.slice(0, -1)})` : sql`type = ${pattern}`;
}
