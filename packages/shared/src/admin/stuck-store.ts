// Open orders as operators see them: read across all accounts, taken over one at a time.
import type { Product } from '../contract';
import { sql, type SqlRunner } from '../db';
import { orderOfRow, type Order, type OrderRow } from '../purchase';

export interface OpenOrder {
  readonly seq: bigint;
  readonly order: Order;
  readonly wakeAt: Date | null;
}

/** The longest open first, one more than the limit. */
export async function listOpenOrders(db: SqlRunner, product: Product, onlyStuck: boolean, page: { limit: number; afterSeq: string | null }): Promise<OpenOrder[]> {
  const rows = await db.$queryRaw<(OrderRow & { readonly seq: bigint; readonly wake_at: Date | null })[]>(sql`
    SELECT * FROM platform.orders WHERE product = ${product} AND state IN ('acting', 'pending')
      ${onlyStuck ? sql`AND stuck_since IS NOT NULL` : sql``} ${page.afterSeq === null ? sql`` : sql`AND seq > ${page.afterSeq}::bigint`}
    ORDER BY seq LIMIT ${page.limit + 1}::int`);
  return rows.map((row) => ({ seq: row.seq, order: orderOfRow(row), wakeAt: row.wake_at }));
}

/** Null: there is no such order of this product. */
export async function readOrder(db: SqlRunner, product: Product, orderId: string): Promise<Order | null> {
  const rows = await db.$queryRaw<OrderRow[]>(sql`SELECT * FROM platform.orders WHERE id = ${orderId} AND product = ${product}`);
  return rows[0] === undefined ? null : orderOfRow(rows[0]);
}

/** Takes it over, which fences everybody else; null when it is not open (any more). */
export async function seizeOrder(db: SqlRunner, product: Product, orderId: string, leaseMs: number): Promise<Order | null> {
  const rows = await db.$queryRaw<OrderRow[]>(sql`SELECT * FROM platform.order_seize(${product}, ${orderId}, ${leaseMs}::int)`);
  return rows[0] === undefined ? null : orderOfRow(rows[0]);
}
