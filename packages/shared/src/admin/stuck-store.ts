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
export async function listOpenWork(
  db: SqlRunner,
  product: Product,
  onlyStuck: boolean,
  page: OpenPage,
): Promise<OpenWork[]> {
  const [orders, operations] = await Promise.all([
    listOpenOrders(db, product, onlyStuck, page),
    listRunningOperations(db, product, onlyStuck, page),
  ]);
  return [...orders, ...operations].sort((a, b) => (a.seq < b.seq ? -1 : 1)).slice(0, page.limit + 1);
}

async function listRunningOperations(
  db: SqlRunner,
  product: Product,
  onlyStuck: boolean,
  page: OpenPage,
): Promise<OpenWork[]> {
  const rows = await db.$queryRaw<(OperationRow & { readonly wake_at: Date | null })[]>(sql`
    SELECT * FROM platform.operation WHERE product = ${product} AND state = 'running'
      ${
        onlyStuck
          ? sql`AND stuck_since IS NOT
        NULL`
          : sql``
      }
        ${
          page.afterSeq === null
            ? sql``
            : sql`AND seq >
        ${page.afterSeq}::bigint`
        }
    ORDER BY seq LIMIT ${page.limit + 1}::int`);
  return rows.map((row) => ({ seq: row.seq, operation: operationOfRow(row), wakeAt: row.wake_at }));
}

async function listOpenOrders(
  db: SqlRunner,
  product: Product,
  onlyStuck: boolean,
  page: OpenPage,
): Promise<OpenWork[]> {
  const rows = await db.$queryRaw<(OrderRow & { readonly seq: bigint; readonly wake_at: Date | null })[]>(sql`
    SELECT * FROM platform.orders WHERE product = ${product} AND state IN ('acting', 'pending')
      ${
        onlyStuck
          ? sql`AND stuck_since IS NOT
        NULL`
          : sql``
      }
        ${
          page.afterSeq === null
            ? sql``
            : sql`AND seq >
        ${page.afterSeq}::bigint`
        }
    ORDER BY seq LIMIT ${page.limit + 1}::int`);
  return rows.map((row) => ({ seq: row.seq, order: orderOfRow(row), wakeAt: row.wake_at }));
}

/** As it is now. `over`: it is finished; null: this product has no such work. */
export async function findWork(db: SqlRunner, product: Product, operationId: string): Promise<Work | 'over' | null> {
  const orderId = orderIdOf(operationId);
  const [order] = await db.$queryRaw<OrderRow[]>(
    sql`SELECT * FROM platform.orders WHERE id = ${orderId} AND product = ${product}`,
  );
  if (order !== undefined) return ['acting', 'pending'].includes(order.state) ? { order: orderOfRow(order) } : 'over';
  const [operation] = await db.$queryRaw<OperationRow[]>(
    sql`SELECT * FROM platform.operation WHERE id = ${operationId} AND product = ${product}`,
  );
  if (operation === undefined) return null;
  return operation.state === 'running' ? { operation: operationOfRow(operation) } : 'over';
}

/** Takes it over, which fences everybody else. Null: it is finished meanwhile. */
export async function seizeWork(
  db: SqlRunner,
  product: Product,
  operationId: string,
  leaseMs: number,
): Promise<Work | null> {
  const [order] = await db.$queryRaw<OrderRow[]>(
    sql`SELECT * FROM platform.order_seize(${product}, ${orderIdOf(operationId)}, ${leaseMs}::int)`,
  );
  if (order !== undefined) return { order: orderOfRow(order) };
  const [operation] = await db.$queryRaw<OperationRow[]>(
    sql`SELECT * FROM platform.operation_seize(${product}, ${operationId}, ${leaseMs}::int)`,
  );
  return operation === undefined ? null : { operation: operationOfRow(operation) };
}

/** How often somebody took it on: whoever does it next fences all before. */
export function attemptOf(work: Work): number {
  return 'order' in work ? work.order.attempt : work.operation.attempt;
}

function orderIdOf(operationId: string): string {
  return operationId.replace(/^op_/, 'ord_');
}
