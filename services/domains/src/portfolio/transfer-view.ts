// The view of a transfer. A transfer is an order, seen from the name's side; transfer, order and operation share one
// id.
import { z } from 'zod';
import { operationIdOf, type JsonObject, type Order } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { TRANSFER_CANCELLED } from '../supplier/registrar';

export const TRANSFER_STATES = ['pending', 'completed', 'refused', 'cancelled'] as const;

export const transferSchema = z
  .object({
    id: z.string().describe('Also the id of its operation.').meta({ example: 'op_01k000000000000000000000' }),
    domain: z.string(),
    direction: z.enum(['in', 'out']),
    state: z.enum(TRANSFER_STATES),
    step: z.enum(['sent', 'accepted', 'done']),
    waiting_for: z.enum(['registry', 'losing_registrar']).nullable(),
    reason: z.string().nullable().describe('Why it was refused.'),
    order_id: z.string(),
    reference: z.string().nullable(),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'DomainTransfer' });

export type TransferView = z.output<typeof transferSchema>;

export function viewTransfer(order: Order<JsonObject>): TransferView {
  const state = transferState(order);
  return {
    id: operationIdOf(order.id),
    domain: order.subject,
    direction: 'in',
    state,
    step: state !== 'pending' ? 'done' : order.state === 'pending' ? 'accepted' : 'sent',
    waiting_for: state !== 'pending' ? null : order.state === 'pending' ? 'losing_registrar' : 'registry',
    reason: state === 'refused' ? order.refusalText : null,
    order_id: order.id,
    reference: order.reference,
    created_at: isoSeconds(order.createdAt),
    finished_at: order.settledAt === null ? null : isoSeconds(order.settledAt),
  };
}

function transferState(order: Order<JsonObject>): TransferView['state'] {
  if (order.state === 'captured') return 'completed';
  if (order.state !== 'released') return 'pending';
  return order.refusalText === TRANSFER_CANCELLED ? 'cancelled' : 'refused';
}
