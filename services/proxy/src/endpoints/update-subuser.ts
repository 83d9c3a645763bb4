import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { changeSubuser } from '../store/subusers';
import type { ProxyDeps } from '../deps';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { SUBUSER_ROUTE, subuserParams, subuserSettings, requireSubuser, futureOf } from './subuser';

export function updateSubuser(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'update-subuser',
      method: 'PATCH',
      path: '/subusers/{id}',
      summary: 'Change a sub-user',
      scope: 'write',
      description: 'Changes the given fields and leaves the others. A disabled sub-user keeps its gigabytes.',
      params: subuserParams,
      body: z.object({ status: z.enum(['active', 'disabled']).optional(), ...subuserSettings }),
      bodyExample: { status: 'disabled' },
      responses: { 200: { description: 'The sub-user as it is now.', schema: subuserSchema } },
    }),
    async ({ reach, params: { id }, body }) => {
      const row = await requireSubuser(deps, reach, id);
      const now = deps.service.clock.now();
      const changed = await changeSubuser(
        deps.db,
        row.id,
        {
          label: body.label,
          reference: body.reference,
          status: body.status,
          blocked_domains: body.domains_block,
          allowed_domains: body.domains_allow,
          concurrency: body.concurrency,
          bandwidth_mbps: body.bandwidth_mbps,
          expires_at: body.expires_at === undefined ? undefined : futureOf(body.expires_at, now),
        },
        now,
      );
      if (changed === null) throw notFound();
      return json(200, viewSubuser(changed, now));
    },
  );
}
