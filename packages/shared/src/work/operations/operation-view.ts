// The view of an operation for callers. An order is an operation too, with the money it moves.
import { z } from 'zod';
import { AppError, isErrorCode, type ErrorDetail } from '../../ground/contract';
import { usdOutput } from '../../ground/money';
import { viewOrder, type Order } from '../purchase';
import { isoSeconds } from '../../ground/runtime';
import type { FailedResult, Operation } from './operation';

export const operationSchema = z
  .object({
    id: z.string().meta({ example: 'op_01k000000000000000000000' }),
    order_id: z.string().nullable().describe('Set when it costs money.'),
    user_id: z.string(),
    product: z.string(),
    kind: z.string().describe('What is done, for example `server_reboot` or `domain_register`.'),
    subject: z.string().describe('What it works on: a domain name, a server id.'),
    state: z.enum(['processing', 'completed', 'failed']),
    progress: z.object({ done: z.int(), total: z.int() }),
    waiting_for: z
      .enum(['supplier', 'customer', 'operator'])
      .nullable()
      .describe('Whose move it is; null once it is finished.'),
    money: z
      .object({ held_usd: usdOutput, captured_usd: usdOutput, released_usd: usdOutput })
      .nullable()
      .describe('Null when it costs nothing.'),
    secret: z
      .string()
      .optional()
      .describe(
        'A password this operation made. `GET /operations/{id}` shows it to keys that may write (of a ' +
          'purchase: or buy) until `secret_until`, or until `DELETE /operations/{id}/secret`.',
      ),
    secret_until: z
      .string()
      .optional()
      .describe('Until then `secret` can be read again: a day after the operation has ended. After that it is wiped.'),
    error: z
      .object({
        code: z.string(),
        message: z.string(),
        details: z
          .array(z.object({ path: z.string(), message: z.string() }))
          .optional()
          .describe('What is true instead, where the supplier has it otherwise than Lumi did.'),
      })
      .nullable(),
    batch_id: z.string().nullable(),
    reference: z.string().nullable(),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'Operation' });

export type OperationView = z.output<typeof operationSchema>;

const STATES = { running: 'processing', done: 'completed', failed: 'failed' } as const;

export function viewOperation(operation: Operation): OperationView {
  return {
    id: operation.id,
    order_id: null,
    user_id: operation.accountId,
    product: operation.product,
    kind: operation.kind,
    subject: operation.subject,
    state: STATES[operation.state],
    progress: { done: operation.progress, total: 100 },
    waiting_for: operation.state === 'running' ? (operation.waitingFor ?? 'supplier') : null,
    money: null,
    error:
      operation.errorCode === null
        ? null
        : { code: operation.errorCode, message: operation.errorText ?? '', ...detailsOf(operation) },
    batch_id: null,
    reference: null,
    created_at: isoSeconds(operation.createdAt),
    finished_at: operation.finishedAt === null ? null : isoSeconds(operation.finishedAt),
  };
}

/** The refusal of a failed operation, for callers that waited for it. */
export function failureOf(operation: Operation): AppError {
  const code =
    operation.errorCode !== null && isErrorCode(operation.errorCode) ? operation.errorCode : 'supplier_error';
  return new AppError(code, operation.errorText ?? undefined, detailsOf(operation));
}

function detailsOf({ state, result }: Operation): { details?: ErrorDetail[] } {
  // the engine stores nothing else of a failed operation
  return state === 'failed' && result !== null ? { details: [...(result as FailedResult).details] } : {};
}

export function viewOrderAsOperation(order: Order): OperationView {
  const view = viewOrder(order);
  const isFinished = order.settledAt !== null;
  return {
    id: view.operation_id,
    order_id: view.id,
    user_id: order.accountId,
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
