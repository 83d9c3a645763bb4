import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { setSubuserLogin } from '../store/logins';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { SUBUSER_ROUTE, requireSubuser, subuserParams } from './subuser';
import { graceField } from './change-credentials';
import { changeLogin } from './change-login';
import { passwordField, usernameField } from './fields';

export function setSubuserCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'set-subuser-credentials',
      method: 'PUT',
      path: '/subusers/{id}/credentials',
      summary: 'Set user name and password of a sub-user',
      scope: 'write',
      description:
        'Sets what you give and makes up the password you do not give. User names of pools are unique over all ' +
        'customers. Only the pair before this one can live on: a second change within the grace ends the first.',
      params: subuserParams,
      body: z.object({ username: usernameField.optional(), password: passwordField.optional(), grace_s: graceField }),
      bodyExample: { username: 'client_a', grace_s: 600 },
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
