// Open orders and running operations as operators see them: read across all accounts, taken over one at a time.
import type { Product } from '../contract';
import { sql, type SqlRunner } from '../db';
import { operationOfRow, type Operation, type OperationRow } from '../operations';
import { orderOfRow, type Order, type OrderRow } from '../purchase';

/** A purchase, or work that moves no money. */
export type Work = { readonly order: Order } | { readonly operation: Operation };
export type OpenWork = Work & { readonly seq: bigint; readonly wakeAt: Date | null };

interface OpenPage {
  readonly limit: number;
  readonly afterSeq: string | null;
}

/** The longest open first, one more than the limit. Orders and operations are counted together. */
export async function listOpenWork(db: SqlRunner, product: Product, onlyStuck: boolean, page: OpenPage): Promise<OpenWork[]> {
  const [orders, operations] = await Promise.all([listOpenOrders(db, product, onlyStuck, page), listRunningOperations(db, product, onlyStuck, page)]);
  return [...orders, ...operations].sort((a, b) => (a.seq < b.seq ? -1 : 1)).slice(0, page.limit + 1);
}

async function listRunningOperations(db: SqlRunner, product: Product, onlyStuck: boolean, page: OpenPage): Promise<OpenWork[]> {
  const rows = await db.$queryRaw<(OperationRow & { readonly wake_at: Date | null })[]>(sql`
    SELECT * FROM platform.operation WHERE product = ${product} AND state = 'running'
      ${onlyStuck ? sql`AND stuck_since IS NOT NULL` : sql``} ${page.afterSeq === null ? sql`` : sql`AND seq > ${page.afterSeq}::bigint`}
    ORDER BY seq LIMIT ${page.limit + 1}::int`);
  return rows.map((row) => ({ seq: row.seq, operation: operationOfRow(row), wakeAt: row.wake_at }));
}

async function listOpenOrders(db: SqlRunner, product: Product, onlyStuck: boolean, page: OpenPage): Promise<OpenWork[]> {
  const rows = await db.$queryRaw<(OrderRow & { readonly seq: bigint; readonly wake_at: Date | null })[]>(sql`
    SELECT * FROM platform.orders WHERE product = ${product} AND state IN ('acting', 'pending')
      ${onlyStuck ? sql`AND stuck_since IS NOT NULL` : sql``} ${page.afterSeq === null ? sql`` : sql`AND seq > ${page.afterSeq}::bigint`}
    ORDER BY seq LIMIT ${page.limit + 1}::int`);
  return rows.map((row) => ({ seq: row.seq, order: orderOfRow(row), wakeAt: row.wake_at }));
}

/** Takes it over, which fences everybody else. `over`: it is finished; null: this product has no such work. */
export async function seizeWork(db: SqlRunner, product: Product, operationId: string, leaseMs: number): Promise<Work | 'over' | null> {
  const orderId = operationId.replace(/^op_/, 'ord_');
  const [order] = await db.$queryRaw<OrderRow[]>(sql`SELECT * FROM platform.order_seize(${product}, ${orderId}, ${leaseMs}::int)`);
  if (order !== undefined) return { order: orderOfRow(order) };
  const [operation] = await db.$queryRaw<OperationRow[]>(sql`SELECT * FROM platform.operation_seize(${product}, ${operationId}, ${leaseMs}::int)`);
  if (operation !== undefined) return { operation: operationOfRow(operation) };
  const known = await db.$queryRaw<unknown[]>(sql`
    SELECT 1 AS known FROM platform.orders WHERE id = ${orderId} AND product = ${product} UNION ALL SELECT 1 FROM platform.operation WHERE id = ${operationId} AND product = ${product}`);
  return known.length === 0 ? null : 'over';
}
