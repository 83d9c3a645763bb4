// An order seen as an operation: how far it is, what it waits for, how it ended.
import { z } from 'zod';
import { isId } from '../contract';
import { usdOutput } from '../money';
import { viewOrder, type Order } from '../purchase';
import { ORDER_STATES } from './order-store';

export const operationSchema = z.object({
  id: z.string().meta({ example: 'op_01k0000000000000000000000' }),
  order_id: z.string(),
  user_id: z.string(),
  product: z.string(),
  kind: z.string(),
  subject: z.string(),
  state: z.enum(ORDER_STATES),
  progress: z.object({ done: z.int(), total: z.int() }),
  waiting_for: z.enum(['supplier', 'operator']).nullable().describe('Whose move it is; null once it is finished.'),
  money: z.object({ held_usd: usdOutput, captured_usd: usdOutput, released_usd: usdOutput }),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  batch_id: z.string().nullable(),
  reference: z.string().nullable(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
}).meta({ id: 'Operation' });

export type OperationView = z.output<typeof operationSchema>;

export const operationParams = z.object({ id: z.string().refine((id) => isId(id, 'op')).describe('The id of the operation.') });

/** The inverse of `operationIdOf`. */
export function orderIdOf(operationId: string): string {
  return operationId.replace(/^op_/, 'ord_');
}

export function viewOperation(order: Order): OperationView {
  const view = viewOrder(order);
  const isFinished = order.settledAt !== null;
  return {
    id: view.operation_id,
    order_id: view.id,
    user_id: view.user_id,
    product: view.product,
    kind: view.kind,
    subject: view.subject,
    state: view.state,
    progress: { done: isFinished ? 1 : 0, total: 1 },
    waiting_for: isFinished ? null : order.stuckSince === null ? 'supplier' : 'operator',
    money: view.money,
    error: view.error,
    batch_id: view.batch_id,
    reference: view.reference,
    created_at: view.created_at,
    finished_at: view.settled_at,
  };
}
