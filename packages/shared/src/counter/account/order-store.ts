// Reads of orders, newest first. A product reads only its own orders; another product's orders need a key of that
// product.
import type { Product } from '../../ground/contract';
import { emptySql, sql, type OrderModel, type SqlRunner } from '../../base/db';
import type { Reach } from '../endpoint';
import { whereAll, within } from '../listing';
import { orderOfRow, type Order, type OrderState } from '../../work/purchase';

export const ORDER_STATES = ['processing', 'completed', 'failed'] as const;
export type PublicOrderState = (typeof ORDER_STATES)[number];

const STORED_STATES: Readonly<Record<PublicOrderState, readonly OrderState[]>> = {
  processing: ['acting', 'pending'],
  completed: ['captured'],
  failed: ['released'],
};

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
  { reach, product }: { reach: Reach; product: Product },
  { state, tag, batchId, kind, subject, reference }: OrderFilter,
  page: { limit: number; beforeSeq: string | null },
): Promise<ListedOrder[]> {
  // Raw SQL: callers poll it, and with the typed client it was more than 10 % slower (docs/decisions/0008).
  const rows = await db.$queryRaw<OrderModel[]>(sql`
    SELECT * FROM platform.orders o ${whereAll([
      sql`o.product = ${product}`,
      within(reach, 'o'),
      state === undefined ? null : sql`o.state = ANY (${[...STORED_STATES[state]]}::text[])`,
      tag === undefined ? null : sql`${tag} = ANY (o.tags)`,
      batchId === undefined ? null : sql`o.batch_id = ${batchId}`,
      kind === undefined ? null : sql`o.kind = ${kind}`,
      subject === undefined ? null : sql`o.subject = ${subject}`,
      reference === undefined ? null : sql`o.reference = ${reference}`,
      page.beforeSeq === null ? null : sql`o.seq < ${page.beforeSeq}::bigint`,
    ])} ORDER BY o.seq DESC LIMIT ${page.limit + 1}::int`);
  return rows.map((row) => ({ seq: row.seq, order: orderOfRow(row) }));
}

export async function findOrder(
  db: SqlRunner,
  { reach, product }: { reach: Reach; product: Product },
  id: string,
): Promise<Order | null> {
  // Raw SQL: callers poll it, and with the typed client GET /orders/{id} was more than 10 % slower.
  const rows = await db.$queryRaw<OrderModel[]>(sql`
    SELECT * FROM platform.orders WHERE id = ${id} AND product = ${product}
      ${reach.kind === 'account' ? sql`AND account_id = ${reach.accountId}` : emptySql}`);
  return rows[0] === undefined ? null : orderOfRow(rows[0]);
}

/** Which of these orders and operations are final. */
export async function settledAmong(db: SqlRunner, ids: readonly string[]): Promise<string[]> {
  // Raw SQL: two tables in one question.
  const rows = await db.$queryRaw<{ id: string }[]>(sql`
    SELECT id FROM platform.orders WHERE id = ANY (${[...ids]}::text[]) AND settled_at IS NOT NULL
    UNION ALL SELECT id FROM platform.operation WHERE id = ANY (${[...ids]}::text[]) AND finished_at IS NOT NULL`);
  return rows.map((row) => row.id);
}
