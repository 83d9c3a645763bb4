import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { reclaimFrom } from '../store/subusers';
import type { ProxyDeps } from '../deps';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { SUBUSER_ROUTE, subuserParams, subuserGbField, requireSubuser, BYTES_PER_GB, notEnoughUnused } from './subuser';

export function reclaimFromSubuser(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'reclaim-from-subuser',
      method: 'POST',
      path: '/subusers/{id}/reclaim',
      summary: 'Take unused gigabytes back',
      scope: 'write',
      description: 'Moves unused gigabytes back to the plan: as many as you say, or all.',
      params: subuserParams,
      body: z.object({ gb: subuserGbField.optional().describe('All that are unused if absent.') }),
      bodyExample: { gb: 1 },
      responses: { 200: { description: 'The sub-user as it is now.', schema: subuserSchema } },
      errors: ['state_conflict'],
    }),
    async ({ reach, params: { id }, body }) => {
      const row = await requireSubuser(deps, reach, id);
      const bytes = body.gb === undefined ? null : BigInt(body.gb) * BYTES_PER_GB;
      const changed = await reclaimFrom(deps.service.db, row, bytes, deps.service.clock.now());
      if (changed === null) throw await notEnoughUnused(deps, reach, row.id, bytes ?? 0n);
      return json(200, viewSubuser(changed, deps.service.clock.now()));
    },
  );
}
