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

/**
 * The database numbers the events of one account in the order of their commits. Across accounts it does not. So the
 * feed of all accounts stays behind the present by longer than any transaction lasts; otherwise an event could appear
 * behind a cursor.
 */
const TRAIL_S = 30;

/** `patterns`: whole types, or `domain.*` for all types with that prefix. Reads one row more than `limit`. */
export async function listEvents(
  db: SqlRunner,
  whose: { reach: Reach; product: Product },
  patterns: readonly string[],
  page: { limit: number; afterSeq: string | null },
): Promise<FeedEvent[]> {
  const { reach, product } = whose;
  const rows = await db.$queryRaw<EventRow[]>(sql`
    SELECT seq, id, account_id, product, type, subject, data, created_at FROM platform.event ${whereAll([
      reach.kind === 'account'
        ? sql`account_id = ${reach.accountId}`
        : sql`created_at < now() - make_interval(secs => ${TRAIL_S}::int)`,
      sql`product = ${product}`,
      patterns.length === 0 ? null : sql`(${joinSql(patterns.map(ofType), ' OR ')})`,
      page.afterSeq === null ? null : sql`seq > ${page.afterSeq}::bigint`,
    ])}
    ORDER BY seq LIMIT ${page.limit + 1}::int`);
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
