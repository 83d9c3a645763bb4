// Open orders and running operations as operators see them: read across all accounts, taken over one at a time.
import type { Product } from '../../ground/contract';
import {
  given,
  seqAfter,
  sql,
  type OperationModel,
  type OrderModel,
  type PlatformClient,
  type SqlRunner,
} from '../../base/db';
import { operationOfRow, type Operation } from '../../work/operations';
import { orderOfRow, type Order } from '../../work/purchase';

/** A purchase, or work that moves no money. */
export type Work = { readonly order: Order } | { readonly operation: Operation };
export type OpenWork = Work & { readonly seq: bigint; readonly wakeAt: Date | null };

interface OpenPage {
  readonly limit: number;
  readonly afterSeq: string | null;
}

/** Of orders. */
const OPEN: readonly string[] = ['acting', 'pending'];
type WorkTables = Pick<PlatformClient, 'operation' | 'order'>;

/** The one open for the longest time first, one more than the limit. Orders and operations share one numbering. */
export async function listOpenWork(
  db: WorkTables,
  product: Product,
  onlyStuck: boolean,
  page: OpenPage,
): Promise<OpenWork[]> {
  const wanted = { product, ...given({ stuck_since: onlyStuck ? { not: null } : undefined }), ...seqAfter(page) };
  const inOrder = { orderBy: { seq: 'asc' }, take: page.limit + 1 } as const;
  const [orders, operations] = await Promise.all([
    db.order.findMany({ where: { ...wanted, state: { in: [...OPEN] } }, ...inOrder }),
    db.operation.findMany({ where: { ...wanted, state: 'running' }, ...inOrder }),
  ]);
  return [
    ...orders.map((row) => ({ seq: row.seq, order: orderOfRow(row), wakeAt: row.wake_at })),
    ...operations.map((row) => ({ seq: row.seq, operation: operationOfRow(row), wakeAt: row.wake_at })),
  ]
    .sort((a, b) => (a.seq < b.seq ? -1 : 1))
    .slice(0, page.limit + 1);
}

/** The present state. `over`: it is finished; null: this product has no such work. */
export async function findWork(db: WorkTables, product: Product, operationId: string): Promise<Work | 'over' | null> {
  const order = await db.order.findFirst({ where: { id: orderIdOf(operationId), product } });
  if (order !== null) return OPEN.includes(order.state) ? { order: orderOfRow(order) } : 'over';
  const operation = await db.operation.findFirst({ where: { id: operationId, product } });
  if (operation === null) return null;
  return operation.state === 'running' ? { operation: operationOfRow(operation) } : 'over';
}

/** Takes it over, which fences all earlier holders. Null: it has finished meanwhile. */
export async function seizeWork(
  db: SqlRunner,
  product: Product,
  operationId: string,
  leaseMs: number,
): Promise<Work | null> {
  // Raw SQL: functions.
  const [order] = await db.$queryRaw<OrderModel[]>(
    sql`SELECT * FROM platform.order_seize(${product}, ${orderIdOf(operationId)}, ${leaseMs}::int)`,
  );
  if (order !== undefined) return { order: orderOfRow(order) };
  // Raw SQL: as above.
  const [operation] = await db.$queryRaw<OperationModel[]>(
    sql`SELECT * FROM platform.operation_seize(${product}, ${operationId}, ${leaseMs}::int)`,
  );
  return operation === undefined ? null : { operation: operationOfRow(operation) };
}

/** How often it was taken over; the next holder fences all earlier ones. */
export function attemptOf(work: Work): number {
  return 'order' in work ? work.order.attempt : work.operation.attempt;
}

function orderIdOf(operationId: string): string {
  return operationId.replace(/^op_/, 'ord_');
}
