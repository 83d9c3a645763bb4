import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { deleteSubuser } from '../store/subusers';
import type { ProxyDeps } from '../deps';
import { SUBUSER_ROUTE, subuserParams, requireSubuser } from './subuser';

export function deleteSubuserEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'delete-subuser',
      method: 'DELETE',
      path: '/subusers/{id}',
      summary: 'Delete a sub-user',
      scope: 'write',
      description: 'Its unused gigabytes go back to the plan.',
      params: subuserParams,
      responses: { 200: { description: 'Deleted.', schema: z.object({ id: z.string(), deleted: z.literal(true) }) } },
    }),
    async ({ reach, params: { id } }) => {
      const row = await requireSubuser(deps, reach, id);
      if (!(await deleteSubuser(deps.service.db, row, deps.service.clock.now()))) throw notFound();
      return json(200, { id, deleted: true });
    },
  );
}
