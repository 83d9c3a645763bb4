// The view of an order for callers.
import { z } from 'zod';
import { formatUsd, usdOutput } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';
import type { Order } from './thing-sold';

export const orderSchema = z
  .object({
    id: z.string().meta({ example: 'ord_01k000000000000000000000' }),
    operation_id: z.string().describe('The same order as an operation: poll `/operations/{id}`.'),
    user_id: z.string().describe('The account that pays.'),
    product: z.string(),
    kind: z.string().describe('What was bought, for example `domain_register`.'),
    subject: z.string().describe('What it is about: a domain name, a server id.'),
    state: z.enum(['processing', 'completed', 'failed']),
    price_usd: usdOutput,
    money: z.object({ held_usd: usdOutput, captured_usd: usdOutput, released_usd: usdOutput }),
    error: z
      .object({
        code: z.string(),
        message: z.string(),
        details: z
          .array(z.object({ path: z.string(), message: z.string() }))
          .optional()
          .describe('Further facts of the refusal, such as the true value.'),
      })
      .nullable(),
    batch_id: z.string().nullable(),
    reference: z.string().nullable(),
    tags: z.array(z.string()),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    created_at: z.string(),
    settled_at: z.string().nullable(),
  })
  .meta({ id: 'Order' });

export type OrderView = z.output<typeof orderSchema>;

export function viewOrder(order: Order): OrderView {
  const open = order.state === 'acting' || order.state === 'pending';
  const captured = order.charged ?? 0n;
  return {
    id: order.id,
    operation_id: operationIdOf(order.id),
    user_id: order.accountId,
    product: order.product,
    kind: order.kind,
    subject: order.subject,
    state: open ? 'processing' : order.state === 'captured' ? 'completed' : 'failed',
    price_usd: formatUsd(order.price),
    money: {
      held_usd: formatUsd(open ? order.price : 0n),
      captured_usd: formatUsd(captured),
      released_usd: formatUsd(open ? 0n : order.price - captured),
    },
    error:
      order.refusalCode === null
        ? null
        : {
            code: order.refusalCode,
            message: order.refusalText ?? '',
            ...(order.refusalDetails === null ? {} : { details: [...order.refusalDetails] }),
          },
    batch_id: order.batchId,
    reference: order.reference,
    tags: [...order.tags],
    metadata: order.metadata === null ? null : { ...order.metadata },
    created_at: isoSeconds(order.createdAt),
    settled_at: order.settledAt === null ? null : isoSeconds(order.settledAt),
  };
}

/** Every order is also an operation; both ids have the same last part. */
export function operationIdOf(orderId: string): string {
  return orderId.replace(/^ord_/, 'op_');
}
