import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { findPlan } from '../catalogue/catalogue';
import type { VpsDeps } from '../deps';
import { planExample, planSchema, viewPlan } from '../catalogue/plan-view';

export function getPlan({ service }: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-plan',
      method: 'GET',
      path: '/plans/{id}',
      summary: 'Get a plan',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      description: 'One plan with all its prices and its stock.',
      params: z.object({ id: z.string().max(32).describe('The id of the plan.') }),
      responses: { 200: { description: 'The plan.', schema: planSchema, example: planExample } },
    }),
    async ({ params }) => {
      const plan = await findPlan(service.db.platform, params.id);
      if (plan === null) throw notFound();
      return json(200, viewPlan(plan));
    },
  );
}
