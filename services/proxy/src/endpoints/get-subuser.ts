import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { requireScope } from '@lumi/shared/principal';
import { openPassword } from '../access/credentials';
import { recordReveal } from '../store/reveals';
import type { ProxyDeps } from '../deps';
import { revealQuery } from './fields';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { SUBUSER_ROUTE, subuserParams, requireSubuser } from './subuser';

export function getSubuser(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'get-subuser',
      method: 'GET',
      path: '/subusers/{id}',
      summary: 'Get a sub-user',
      scope: 'read',
      description: 'One sub-user with its limit and use.',
      params: subuserParams,
      query: z.object({ reveal: revealQuery }),
      responses: { 200: { description: 'The sub-user.', schema: subuserSchema } },
    }),
    async (context) => {
      if (context.query.reveal !== undefined) requireScope(context.principal, 'write');
      const row = await requireSubuser(deps, context.reach, context.params.id);
      if (context.query.reveal === undefined) return json(200, viewSubuser(row, deps.service.clock.now()));
      await recordReveal(deps, context, 'get-subuser', [row.id]);
      return json(200, viewSubuser(row, deps.service.clock.now(), openPassword(deps, row)));
    },
  );
}
