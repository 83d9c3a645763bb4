import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { metadataField, referenceField, tagsField } from '@lumi/shared/purchase';
import { inTransaction } from '@lumi/shared/db';
import { setPlanLimits } from '../store/plan-limits';
import { changePlan, findPlan } from '../store/traffic';
import type { ProxyDeps } from '../deps';
import { gbField, labelField } from './fields';
import { planSchema, viewPlan } from '../views/plan-view';
import { BYTES_PER_GB } from './subuser';
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
        alerts_gb: z
          .array(gbField)
          .max(10)
          .refine((all) => new Set(all).size === all.length, 'must differ from each other')
          .optional()
          .describe(
            'An event `traffic.alert` comes once for each, when the plan and its sub-users have used so much. What ' +
              'is used already brings none. Empty: no alerts.',
          ),
        hard_stop_gb: gbField
          .nullable()
          .optional()
          .describe(
            'When the plan and its sub-users have used so much, nothing more passes, whatever is left. Below what is ' +
              'used it stops within two seconds. Raised, or null for none, traffic goes on within two seconds.',
          ),
      }),
      bodyExample: { label: 'client a', alerts_gb: [8, 9], hard_stop_gb: 10 },
      responses: { 200: { description: 'The plan as it is now.', schema: planSchema } },
    }),
    async ({ reach, params: { id }, body }) => {
      const plan = await findPlan(deps.db, reach, id);
      if (plan === null) throw notFound();
      const now = deps.service.clock.now();
      const { alerts_gb: alerts, hard_stop_gb: stop } = body;
      const hasLimits = alerts !== undefined || stop !== undefined;
      const changed = !hasLimits
        ? await changePlan(deps.db, plan.id, body, now)
        : await inTransaction(deps.service.db, async (tx) => {
            await setPlanLimits(
              tx,
              plan.id,
              {
                alerts: alerts && [...alerts].sort((a, b) => a - b).map(bytesOf),
                stop: typeof stop === 'number' ? bytesOf(stop) : stop,
              },
              now,
            );
            return changePlan(tx, plan.id, body, now);
          });
      if (changed === null) throw notFound();
      return json(200, viewPlan(changed, now));
    },
  );
}

function bytesOf(gb: number): bigint {
  return BigInt(gb) * BYTES_PER_GB;
}
