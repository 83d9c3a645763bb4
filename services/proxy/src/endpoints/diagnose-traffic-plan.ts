// GET /traffic-plans/{id}/diagnose
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { diagnose, diagnosisSchema, targetQuery } from '../access/diagnosis';
import { accessOfPlans } from '../access/wanted-access';
import type { ProxyDeps } from '../deps';
import { findPlan, freeOf, isExhausted } from '../store/traffic';
import { PLAN_ROUTE, planParams } from './traffic-plan';

export function diagnoseTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...PLAN_ROUTE,
      id: 'diagnose-traffic-plan',
      method: 'GET',
      path: '/traffic-plans/{id}/diagnose',
      summary: 'Diagnose a traffic plan',
      scope: 'read',
      description: 'What would happen to a connection from the address you call from now, and what to do about it.',
      params: planParams,
      query: z.object({ target: targetQuery }),
      responses: { 200: { description: 'The checks.', schema: diagnosisSchema } },
    }),
    async ({ reach, params, query: { target }, clientIp }) => {
      const plan = await findPlan(deps.db, reach, params.id);
      const [access] = plan === null ? [] : await accessOfPlans(deps, [plan]);
      if (plan === null || access === undefined) throw notFound();
      const isApplied = plan.access_applied >= plan.access_version;
      const bytesFree = isExhausted(plan) ? 0n : freeOf(plan);
      return json(200, await diagnose(deps, { access, isApplied, bytesFree, isHealthy: null }, { clientIp, target }));
    },
  );
}
