// Reads of orders, newest first. A product sees its own orders only: reading another product's needs that product's
// key.
import type { Product } from '../contract';
import { sql, type Sql, type SqlRunner } from '../db';
import type { Reach } from '../endpoint';
import { orderOfRow, type Order, type OrderRow } from '../purchase';
import { whereAll } from './reach';

export const ORDER_STATES = ['processing', 'completed', 'failed'] as const;
export type PublicOrderState = (typeof ORDER_STATES)[number];

export interface OrderFilter {
  readonly state?: PublicOrderState | undefined;
  readonly kind?: string | undefined;
  readonly subject?: string | undefined;
  readonly reference?: string | undefined;
  readonly tag?: string | undefined;
  readonly batchId?: string | undefined;
}

export interface ListedOrder {
  readonly seq: bigint;
  readonly order: Order;
}

/** Reads one row more than `limit`. */
export async function listOrders(
  db: SqlRunner,
  whose: { reach: Reach; product: Product },
  filter: OrderFilter,
  page: { limit: number; beforeSeq: string | null },
): Promise<ListedOrder[]> {
  const rows = await db.$queryRaw<(OrderRow & { readonly seq: bigint })[]>(sql`
    SELECT * FROM platform.orders ${whereAll([
      ...within(whose),
      filter.state === undefined ? null : inState(filter.state),
      filter.kind === undefined ? null : sql`kind = ${filter.kind}`,
      filter.subject === undefined ? null : sql`subject = ${filter.subject}`,
      filter.reference === undefined ? null : sql`reference = ${filter.reference}`,
      filter.tag === undefined ? null : sql`${filter.tag} = ANY (tags)`,
      filter.batchId === undefined ? null : sql`batch_id = ${filter.batchId}`,
      page.beforeSeq === null ? null : sql`seq < ${page.beforeSeq}::bigint`,
    ])}
    ORDER BY seq DESC LIMIT ${page.limit + 1}::int`);
  return rows.map((row) => ({ seq: row.seq, order: orderOfRow(row) }));
}

export async function findOrder(
  db: SqlRunner,
  whose: { reach: Reach; product: Product },
  id: string,
): Promise<Order | null> {
  const rows = await db.$queryRaw<OrderRow[]>(
    sql`SELECT * FROM platform.orders ${whereAll([sql`id = ${id}`, ...within(whose)])}`,
  );
  return rows[0] === undefined ? null : orderOfRow(rows[0]);
}

/** Which of these orders and operations are final. */
export async function settledAmong(db: SqlRunner, ids: readonly string[]): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>(sql`
    SELECT id FROM platform.orders WHERE id = ANY (${[...ids]}::text[]) AND settled_at IS NOT NULL
    UNION ALL SELECT id FROM platform.operation WHERE id = ANY (${[...ids]}::text[]) AND finished_at IS NOT NULL`);
  return rows.map((row) => row.id);
}

function within({ reach, product }: { reach: Reach; product: Product }): (Sql | null)[] {
  return [reach.kind === 'account' ? sql`account_id = ${reach.accountId}` : null, sql`product = ${product}`];
}

function inState(state: PublicOrderState): Sql {
  switch (state) {
    case 'processing':
      return sql`state IN ('acting', 'pending')`;
    case 'completed':
      return sql`state = 'captured'`;
    case 'failed':
      return sql`state = 'released'`;
  }
}
