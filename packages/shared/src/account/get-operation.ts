import { z } from 'zod';
import { defineRoute, notFound } from '../contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { Order } from '../purchase';
import type { AccountDeps } from './deps';
import { operationParams, operationSchema, orderIdOf, viewOperation } from './operation-view';
import { findOrder } from './order-store';
import { OrderWatch } from './order-watch';

export function getOperation(deps: AccountDeps): Endpoint {
  const watch = new OrderWatch(deps.db.platform, deps.log);
  return endpoint(
    defineRoute({
      id: 'get-operation', method: 'GET', path: '/operations/{id}', summary: 'Get an operation', tag: 'Account', scope: 'read', class: 'regular', reach: 'account',
      description: 'With `wait` the answer is held back until the operation is finished or the time is over.',
      params: operationParams,
      query: z.object({ wait: z.string().regex(/^(\d|[12]\d|30)$/, 'must be a whole number from 0 to 30').optional().describe('Seconds to wait for the operation to finish, 0 to 30.') }),
      responses: { 200: { description: 'The operation.', schema: operationSchema } },
    }),
    async ({ reach, params, query }) => {
      const find = async (): Promise<Order> => {
        const order = await findOrder(deps.db.platform, { reach, product: deps.product }, orderIdOf(params.id));
        if (order === null) throw notFound();
        return order;
      };
      const order = await find();
      const waitMs = Number.parseInt(query.wait ?? '0', 10) * 1_000;
      if (order.settledAt !== null || waitMs === 0) return json(200, viewOperation(order));
      await watch.settled(order.id, waitMs);
      return json(200, viewOperation(await find()));
    },
  );
}
