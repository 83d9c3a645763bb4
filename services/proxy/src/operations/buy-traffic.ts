// Buys traffic: a plan, or more gigabytes for one.
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { acceptedAnswer, dryRunAnswer, dryRunSchema, orderSchema, purchase, purchaseFields, purchaseReply, requestPart } from '@lumi/shared/purchase';
import { planSchema } from '../views/plan-view';
import type { ProxyDeps } from '../proxy';
import { gbField, idParam, labelField } from './fields';
import { topUpPart, trafficPart } from './selling-parts';

const common = { tag: 'Traffic', scope: 'buy', class: 'money', reach: 'account', dryRun: true } as const;

export const trafficBody = z.object({ pool: z.string().max(32).describe('A product of shape `traffic`.').meta({ example: 'residential' }), gb: gbField, label: labelField.optional() });

export function buyTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'buy-traffic-plan', method: 'POST', path: '/traffic-plans', summary: 'Buy a traffic plan',
      description: 'Gigabytes of a pool, usable for 30 days. The price per GB falls with the quantity of the order.',
      body: trafficBody.extend(purchaseFields), bodyExample: { pool: 'residential', gb: 10 },
      responses: { 200: dryRunAnswer, 201: { description: 'The plan.', schema: z.object({ order: orderSchema, plan: planSchema }) }, 202: acceptedAnswer },
      errors: ['price_changed', 'not_available', 'supplier_error'],
    }),
    async (context) => purchaseReply(await purchase(deps.purchases, { ...trafficPart(deps, context.accountId, context.body), ...requestPart(context) })),
  );
}

export function topUpTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'top-up-traffic-plan', method: 'POST', path: '/traffic-plans/{id}/topup', summary: 'Add gigabytes to a plan',
      description: 'What is left stays, and the plan is usable for at least 30 days more. The price per GB is that of the quantity added.',
      params: z.object({ id: idParam('tpl', 'the plan') }), body: z.object({ gb: gbField, ...purchaseFields }), bodyExample: { gb: 5 },
      responses: {
        200: { description: 'Added; for a dry run, what it would cost.', schema: z.union([z.object({ order: orderSchema, traffic_plan_id: z.string(), gb_added: z.int() }), dryRunSchema]) },
        202: acceptedAnswer,
      },
      errors: ['price_changed', 'supplier_error'],
    }),
    async (context) => purchaseReply(await purchase(deps.purchases, { ...(await topUpPart(deps, context.reach, context.params.id, context.body.gb)), ...requestPart(context) })),
  );
}
