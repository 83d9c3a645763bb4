import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { setPlanLogin } from '../store/logins';
import { findPlan } from '../store/traffic';
import { planSchema, viewPlan } from '../views/plan-view';
import { PLAN_ROUTE, planParams } from './traffic-plan';
import { graceField } from './change-credentials';
import { changeLogin } from './change-login';

export function rotatePlanCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...PLAN_ROUTE,
      id: 'rotate-plan-credentials',
      method: 'POST',
      path: '/traffic-plans/{id}/credentials/rotate',
      summary: 'Make up a new password for a traffic plan',
      scope: 'write',
      description: 'The same user name with a new password.',
      params: planParams,
      body: z.object({ grace_s: graceField }),
      bodyExample: { grace_s: 600 },
      responses: { 200: { description: 'With the new password in clear this once.', schema: planSchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const plan = await findPlan(deps.db, context.reach, context.params.id);
      if (plan === null) throw notFound();
      const { row, password, now } = await changeLogin(deps, context, plan, context.body, (fresh) =>
        setPlanLogin(deps.service.db, plan.id, fresh),
      );
      return json(200, viewPlan(row, now, password));
    },
  );
}
