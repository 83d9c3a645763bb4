// Reads of operations: rows of the table `operation` and orders, in one list. Both take their number from one sequence,
// so one cursor pages both.
import type { Product } from '../../ground/contract';
import type { PlatformClient, SqlRunner } from '../../base/db';
import type { Reach } from '../endpoint';
import { findOperation, listOperations, type OperationState } from '../../work/operations';
import { findOrder, listOrders, type PublicOrderState } from './order-store';
import { orderIdOf, type AnyOperation } from './operation-view';

export interface AnyOperationFilter {
  readonly state?: PublicOrderState | undefined;
  readonly kind?: string | undefined;
  readonly subject?: string | undefined;
  readonly batchId?: string | undefined;
}

export interface ListedOperation {
  readonly seq: bigint;
  readonly found: AnyOperation;
}

const STATES: Readonly<Record<PublicOrderState, OperationState>> = {
  processing: 'running',
  completed: 'done',
  failed: 'failed',
};

/** Newest first, one row more than `limit`. */
export async function listAnyOperations(
  db: Pick<PlatformClient, 'operation'> & SqlRunner,
  whose: { reach: Reach; product: Product },
  filter: AnyOperationFilter,
  page: { limit: number; beforeSeq: string | null },
): Promise<ListedOperation[]> {
  const { state, kind, subject, batchId } = filter;
  const [orders, operations] = await Promise.all([
    listOrders(db, whose, { state, kind, subject, batchId }, page),
    batchId === undefined
      ? listOperations(
          db,
          whose.reach,
          whose.product,
          { state: state === undefined ? undefined : STATES[state], kind, subject },
          page,
        )
      : [],
  ]);
  const merged: ListedOperation[] = [
    ...orders.map(({ seq, order }): ListedOperation => ({ seq, found: { kind: 'order', order } })),
    ...operations.map((operation): ListedOperation => ({
      seq: operation.seq ?? 0n,
      found: { kind: 'operation', operation },
    })),
  ];
  return merged.sort((a, b) => (a.seq < b.seq ? 1 : -1)).slice(0, page.limit + 1);
}

export async function findAnyOperation(
  db: PlatformClient,
  whose: { reach: Reach; product: Product },
  id: string,
): Promise<AnyOperation | null> {
  const order = await findOrder(db, whose, orderIdOf(id));
  if (order !== null) return { kind: 'order', order };
  const operation = await findOperation(db, whose.reach, whose.product, id);
  return operation === null ? null : { kind: 'operation', operation };
}
