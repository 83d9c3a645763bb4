import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { requireScope } from '@lumi/shared/principal';
import { openPassword } from '../access/credentials';
import { recordReveal } from '../store/reveals';
import { findPlan } from '../store/traffic';
import type { ProxyDeps } from '../deps';
import { revealQuery } from './fields';
import { planSchema, viewPlan } from '../views/plan-view';
import { PLAN_ROUTE, planParams } from './traffic-plan';

export function getTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...PLAN_ROUTE,
      id: 'get-traffic-plan',
      method: 'GET',
      path: '/traffic-plans/{id}',
      summary: 'Get a traffic plan',
      scope: 'read',
      description: 'One plan with what is used, given to sub-users and free.',
      params: planParams,
      query: z.object({ reveal: revealQuery }),
      responses: { 200: { description: 'The plan.', schema: planSchema } },
    }),
    async (context) => {
      if (context.query.reveal !== undefined) requireScope(context.principal, 'write');
      const plan = await findPlan(deps.db, context.reach, context.params.id);
      if (plan === null) throw notFound();
      if (context.query.reveal === undefined) return json(200, viewPlan(plan, deps.service.clock.now()));
      await recordReveal(deps, context, 'get-traffic-plan', [plan.id]);
      return json(200, viewPlan(plan, deps.service.clock.now(), openPassword(deps, plan)));
    },
  );
}
