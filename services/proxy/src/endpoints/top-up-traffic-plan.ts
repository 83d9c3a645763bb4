import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { acceptedAnswer, dryRunSchema, orderSchema, purchaseFields, sell } from '@lumi/shared/purchase';
import type { ProxyDeps } from '../deps';
import { gbField, idParam } from './fields';
import { topUpOffer } from './traffic-offers';
import { BUY_TRAFFIC_ROUTE } from './traffic-purchase';

export function topUpTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...BUY_TRAFFIC_ROUTE,
      id: 'top-up-traffic-plan',
      method: 'POST',
      path: '/traffic-plans/{id}/topup',
      summary: 'Add gigabytes to a plan',
      description:
        'What is left stays, and the plan is usable for at least 30 days more. The price per GB is that of the ' +
        'quantity added.',
      params: z.object({ id: idParam('tpl', 'the plan') }),
      body: z.object({ gb: gbField, ...purchaseFields }),
      bodyExample: { gb: 5 },
      responses: {
        200: {
          description: 'Added; for a dry run, what it would cost.',
          schema: z.union([
            z.object({ order: orderSchema, traffic_plan_id: z.string(), gb_added: z.int() }),
            dryRunSchema,
          ]),
        },
        202: acceptedAnswer,
      },
      errors: ['price_changed', 'suspended', 'supplier_error'],
    }),
    async (context) =>
      sell(deps.service.purchases, context, await topUpOffer(deps, context.reach, context.params.id, context.body.gb)),
  );
}
