import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { subuserSchema } from '../views/plan-view';
import { changeLogin, LOGIN_ANSWER, SET_LOGIN, SET_POOL_TEXT } from './change-login';
import { subuserParams } from './subuser';

export function setSubuserCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SET_LOGIN,
      id: 'set-subuser-credentials',
      path: '/subusers/{id}/credentials',
      summary: 'Set user name and password of a sub-user',
      tag: 'Traffic',
      description: SET_POOL_TEXT,
      params: subuserParams,
      bodyExample: { username: 'client_a', grace_s: 600 },
      responses: { 200: { description: LOGIN_ANSWER, schema: subuserSchema } },
    }),
    (context) => changeLogin(deps, context, 'subuser', 'set-subuser-credentials'),
  );
}
