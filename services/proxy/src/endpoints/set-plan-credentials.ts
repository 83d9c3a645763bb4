import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { planSchema } from '../views/plan-view';
import { changeLogin, LOGIN_ANSWER, SET_LOGIN, SET_POOL_TEXT } from './change-login';
import { planParams } from './traffic-plan';

export function setPlanCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SET_LOGIN,
      id: 'set-plan-credentials',
      path: '/traffic-plans/{id}/credentials',
      summary: 'Set user name and password of a traffic plan',
      tag: 'Traffic',
      description: SET_POOL_TEXT,
      params: planParams,
      responses: { 200: { description: LOGIN_ANSWER, schema: planSchema } },
    }),
    (context) => changeLogin(deps, context, 'traffic_plan', 'set-plan-credentials'),
  );
}
