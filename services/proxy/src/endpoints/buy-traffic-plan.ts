import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { acceptedAnswer, dryRunAnswer, orderSchema, purchaseFields, sell } from '@lumi/shared/purchase';
import { planSchema } from '../views/plan-view';
import { oncePlanWorks } from '../access/until-usable';
import type { NodeDeps } from '../nodes/deps';
import { trafficOffer } from './traffic-offers';
import { BUY_TRAFFIC_ROUTE, trafficBody } from './traffic-purchase';

export function buyTrafficPlan(deps: NodeDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...BUY_TRAFFIC_ROUTE,
      id: 'buy-traffic-plan',
      method: 'POST',
      path: '/traffic-plans',
      summary: 'Buy a traffic plan',
      description: 'Gigabytes of a pool, usable for 30 days. The price per GB falls with the quantity of the order.',
      body: trafficBody.extend(purchaseFields),
      bodyExample: { pool: 'residential', gb: 10 },
      responses: {
        200: dryRunAnswer,
        201: { description: 'The plan.', schema: z.object({ order: orderSchema, plan: planSchema }) },
        202: acceptedAnswer,
      },
      errors: ['price_changed', 'not_available', 'supplier_error'],
    }),
    async (context) => {
      const offer = trafficOffer(deps, context.accountId, context.body);
      return oncePlanWorks(deps, await sell(deps.service.purchases, context, offer));
    },
  );
}
