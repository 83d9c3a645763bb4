import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { planSchema } from '../views/plan-view';
import { changeLogin, LOGIN_ANSWER, ROTATE_LOGIN } from './change-login';
import { planParams } from './traffic-plan';

export function rotatePlanCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ROTATE_LOGIN,
      id: 'rotate-plan-credentials',
      path: '/traffic-plans/{id}/credentials/rotate',
      summary: 'Make up a new password for a traffic plan',
      tag: 'Traffic',
      params: planParams,
      responses: { 200: { description: LOGIN_ANSWER, schema: planSchema } },
    }),
    (context) => changeLogin(deps, context, 'traffic_plan', 'rotate-plan-credentials'),
  );
}
