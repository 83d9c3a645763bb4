import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { subuserSchema } from '../views/plan-view';
import { changeLogin, LOGIN_ANSWER, ROTATE_LOGIN } from './change-login';
import { subuserParams } from './subuser';

export function rotateSubuserCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ROTATE_LOGIN,
      id: 'rotate-subuser-credentials',
      path: '/subusers/{id}/credentials/rotate',
      summary: 'Make up a new password for a sub-user',
      tag: 'Traffic',
      params: subuserParams,
      responses: { 200: { description: LOGIN_ANSWER, schema: subuserSchema } },
    }),
    (context) => changeLogin(deps, context, 'subuser', 'rotate-subuser-credentials'),
  );
}
