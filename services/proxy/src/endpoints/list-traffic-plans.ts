import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
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
      const { pool, reference, tag } = query;
      const binding: CursorBinding = {
        account: reach.kind === 'account' ? reach.accountId : null,
        route: 'list-traffic-plans',
        filter: { pool, reference, tag },
      };
      const request = readPage(query, deps.service.cursors, binding);
      const rows = await listPlans(
        deps.db,
        reach,
        { pool, reference, tag },
        { limit: request.limit, beforeSeq: request.after?.[0] ?? null },
      );
      const now = deps.service.clock.now();
      return json(
        200,
        toPage(
          rows,
          request,
          deps.service.cursors,
          binding,
          (row) => [row.seq.toString()],
          (row) => viewPlan(row, now),
        ),
      );
    },
  );
}
