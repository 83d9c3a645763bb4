import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { orderSchema, viewOrder } from '../../work/purchase';
import type { AccountDeps } from './deps';
import { ORDER_STATES, listOrders } from './order-store';
import { accountOf } from './reach';

export function listOrdersEndpoint(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-orders',
      method: 'GET',
      path: '/orders',
      summary: 'List orders',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'Purchases of this product, newest first, refused ones included. A request that was refused before ' +
        'any money was held made no order.',
      query: pageQuery.extend({
        state: z.enum(ORDER_STATES).optional().describe('Only orders in this state.'),
        kind: z.string().max(64).optional().describe('Only orders of this kind.'),
        reference: z.string().max(128).optional().describe('Only orders with this reference.'),
        tag: z.string().max(64).optional().describe('Only orders with this tag.'),
        batch_id: z.string().max(64).optional().describe('Only orders of this batch.'),
      }),
      responses: { 200: { description: 'A page of orders.', schema: pageOf(orderSchema) } },
    }),
    async ({ reach, query }) => {
      const { state, kind, reference, tag, batch_id } = query;
      const binding: CursorBinding = {
        account: accountOf(reach),
        route: 'list-orders',
        filter: { state, kind, reference, tag, batch_id },
      };
      const request = readPage(query, deps.cursors, binding);
      const whose = { reach, product: deps.product };
      const rows = await listOrders(
        deps.db.platform,
        whose,
        { state, kind, reference, tag, batchId: batch_id },
        { limit: request.limit, beforeSeq: request.after?.[0] ?? null },
      );
      return json(
        200,
        toPage(
          rows,
          request,
          deps.cursors,
          binding,
          ({ seq }) => [seq.toString()],
          ({ order }) => viewOrder(order),
        ),
      );
    },
  );
}
