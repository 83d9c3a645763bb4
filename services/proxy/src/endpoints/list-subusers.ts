import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import { listSubusers } from '../store/subusers';
import type { ProxyDeps } from '../deps';
import { idField } from './fields';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { SUBUSER_ROUTE } from './subuser';

export function listSubusersEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'list-subusers',
      method: 'GET',
      path: '/subusers',
      summary: 'List sub-users',
      scope: 'read',
      description: 'Sub-users of your plans, newest first.',
      query: pageQuery.extend({
        traffic_plan_id: idField('a plan').optional().describe('Only sub-users of this plan.'),
        status: z.enum(['active', 'disabled']).optional().describe('Only sub-users with this status.'),
        reference: z.string().max(128).optional().describe('Only sub-users with this reference.'),
      }),
      responses: { 200: { description: 'A page of sub-users.', schema: pageOf(subuserSchema) } },
    }),
    async ({ reach, query }) => {
      const { traffic_plan_id: planId, status, reference } = query;
      const page = await pageOfRows({
        route: 'list-subusers',
        reach,
        query,
        cursors: deps.service.cursors,
        read: (at) => listSubusers(deps.db, reach, { planId, status, reference }, at),
        position: bySeq,
        view: (row) => viewSubuser(row, deps.service.clock.now()),
      });
      return json(200, page);
    },
  );
}
