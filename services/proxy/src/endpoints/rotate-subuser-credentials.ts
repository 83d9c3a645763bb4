import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { setSubuserLogin } from '../store/logins';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { SUBUSER_ROUTE, requireSubuser, subuserParams } from './subuser';
import { graceField } from './change-credentials';
import { changeLogin } from './change-login';

export function rotateSubuserCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'rotate-subuser-credentials',
      method: 'POST',
      path: '/subusers/{id}/credentials/rotate',
      summary: 'Make up a new password for a sub-user',
      scope: 'write',
      description: 'The same user name with a new password.',
      params: subuserParams,
      body: z.object({ grace_s: graceField }),
      bodyExample: { grace_s: 600 },
      responses: { 200: { description: 'With the new password in clear this once.', schema: subuserSchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const subuser = await requireSubuser(deps, context.reach, context.params.id);
      const { row, password, now } = await changeLogin(deps, context, subuser, context.body, (fresh) =>
        setSubuserLogin(deps.service.db, subuser.id, fresh),
      );
      return json(200, viewSubuser(row, now, password));
    },
  );
}
