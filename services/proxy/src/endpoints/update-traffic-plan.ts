import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { metadataField, referenceField, tagsField } from '@lumi/shared/purchase';
import { changePlan, findPlan } from '../store/traffic';
import type { ProxyDeps } from '../deps';
import { labelField } from './fields';
import { planSchema, viewPlan } from '../views/plan-view';
import { PLAN_ROUTE, planParams } from './traffic-plan';

export function updateTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...PLAN_ROUTE,
      id: 'update-traffic-plan',
      method: 'PATCH',
      path: '/traffic-plans/{id}',
      summary: 'Change a traffic plan',
      scope: 'write',
      description: 'Changes the given fields and leaves the others.',
      params: planParams,
      body: z.object({
        label: labelField.nullable().optional(),
        tags: tagsField,
        reference: referenceField.nullable(),
        metadata: metadataField.nullable(),
      }),
      bodyExample: { label: 'client a' },
      responses: { 200: { description: 'The plan as it is now.', schema: planSchema } },
    }),
    async ({ reach, params: { id }, body }) => {
      const plan = await findPlan(deps.db, reach, id);
      const changed = plan === null ? null : await changePlan(deps.db, plan.id, body, deps.service.clock.now());
      if (changed === null) throw notFound();
      return json(200, viewPlan(changed, deps.service.clock.now()));
    },
  );
}
