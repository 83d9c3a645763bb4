import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import { listPlans } from '../store/traffic';
import type { ProxyDeps } from '../deps';
import { planSchema, viewPlan } from '../views/plan-view';
import { PLAN_ROUTE } from './traffic-plan';

export function listTrafficPlans(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...PLAN_ROUTE,
      id: 'list-traffic-plans',
      method: 'GET',
      path: '/traffic-plans',
      summary: 'List traffic plans',
      scope: 'read',
      description: 'Your plans, newest first.',
      query: pageQuery.extend({
        pool: z.string().max(32).optional().describe('Only plans of this pool.'),
        reference: z.string().max(128).optional().describe('Only plans with this reference.'),
        tag: z.string().max(64).optional().describe('Only plans with this tag.'),
      }),
      responses: { 200: { description: 'A page of plans.', schema: pageOf(planSchema) } },
    }),
    async ({ reach, query }) => {
      const now = deps.service.clock.now();
      const page = await pageOfRows({
        route: 'list-traffic-plans',
        reach,
        query,
        cursors: deps.service.cursors,
        read: (at) => listPlans(deps.db, reach, query, at),
        position: bySeq,
        view: (row) => viewPlan(row, now),
      });
      return json(200, page);
    },
  );
}
