import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { bySeq, pageOfRows } from '../listing';
import { orderSchema, viewOrder } from '../../work/purchase';
import type { AccountDeps } from './deps';
import { ORDER_STATES, listOrders } from './order-store';

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
      const { state, kind, reference, tag, batch_id: batchId } = query;
      const whose = { reach, product: deps.product };
      const page = await pageOfRows({
        route: 'list-orders',
        reach,
        query,
        cursors: deps.cursors,
        read: (at) => listOrders(deps.db.platform, whose, { state, kind, reference, tag, batchId }, at),
        position: bySeq,
        view: ({ order }) => viewOrder(order),
      });
      return json(200, page);
    },
  );
}
