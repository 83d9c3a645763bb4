// An operation is a row of its own or an order shown as one: its progress, what it waits for, how it ended.
import { z } from 'zod';
import { isId } from '../../ground/contract';
import { viewOperation, viewOrderAsOperation, type Operation, type OperationView } from '../../work/operations';
import type { Order } from '../../work/purchase';

export type AnyOperation =
  { readonly kind: 'order'; readonly order: Order } | { readonly kind: 'operation'; readonly operation: Operation };

export const operationParams = z.object({
  id: z
    .string()
    .refine((id) => isId(id, 'op'))
    .describe('The id of the operation.'),
});

/** The inverse of `operationIdOf`. */
export function orderIdOf(operationId: string): string {
  return operationId.replace(/^op_/, 'ord_');
}

/** Null while it runs. */
export function finishedAtOf(found: AnyOperation): Date | null {
  return found.kind === 'order' ? found.order.settledAt : found.operation.finishedAt;
}

export function viewAnyOperation(found: AnyOperation): OperationView {
  return found.kind === 'order' ? viewOrderAsOperation(found.order) : viewOperation(found.operation);
}
