// Reads of orders, newest first. A product reads only its own orders; another product's orders need a key of that
// product.
import type { Product } from '../../ground/contract';
import { emptySql, given, seqBefore, sql, type OrderModel, type PlatformClient, type SqlRunner } from '../../base/db';
import { ownedBy, type Reach } from '../endpoint';
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
  db: Pick<PlatformClient, 'order'>,
  { reach, product }: { reach: Reach; product: Product },
  { state, tag, batchId, kind, subject, reference }: OrderFilter,
  page: { limit: number; beforeSeq: string | null },
): Promise<ListedOrder[]> {
  const rows = await db.order.findMany({
    where: {
      product,
      ...ownedBy(reach),
      ...given({
        state: state === undefined ? undefined : { in: [...STORED_STATES[state]] },
        tags: tag === undefined ? undefined : { has: tag },
        batch_id: batchId,
        kind,
        subject,
        reference,
      }),
      ...seqBefore(page),
    },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
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
