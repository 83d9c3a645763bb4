import { z } from 'zod';
import { defineRoute, isId, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { orderSchema, viewOrder } from '../../work/purchase';
import type { AccountDeps } from './deps';
import { findOrder } from './order-store';

export function getOrder(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-order',
      method: 'GET',
      path: '/orders/{id}',
      summary: 'Get an order',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'One purchase of this product, with what was held, captured and released.',
      params: z.object({
        id: z
          .string()
          .refine((id) => isId(id, 'ord'))
          .describe('The id of the order.'),
      }),
      responses: { 200: { description: 'The order.', schema: orderSchema } },
    }),
    async ({ reach, params }) => {
      const order = await findOrder(deps.db.platform, { reach, product: deps.product }, params.id);
      if (order === null) throw notFound();
      return json(200, viewOrder(order));
    },
  );
}
