import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { allocateTo } from '../store/subusers';
import type { ProxyDeps } from '../deps';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { SUBUSER_ROUTE, subuserParams, subuserGbField, requireSubuser, BYTES_PER_GB, notEnoughFree } from './subuser';

export function allocateToSubuser(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'allocate-to-subuser',
      method: 'POST',
      path: '/subusers/{id}/allocate',
      summary: 'Give gigabytes to a sub-user',
      scope: 'write',
      description: 'Moves gigabytes from what the plan has free. Parallel requests never give out more than that.',
      params: subuserParams,
      body: z.object({ gb: subuserGbField }),
      bodyExample: { gb: 2 },
      responses: { 200: { description: 'The sub-user as it is now.', schema: subuserSchema } },
      errors: ['state_conflict'],
    }),
    async ({ reach, params: { id }, body }) => {
      const row = await requireSubuser(deps, reach, id);
      const bytes = BigInt(body.gb) * BYTES_PER_GB;
      const changed = await allocateTo(deps.service.db, row, bytes, deps.service.clock.now());
      if (changed === null) throw await notEnoughFree(deps, reach, row.plan_id, bytes);
      return json(200, viewSubuser(changed, deps.service.clock.now()));
    },
  );
}
