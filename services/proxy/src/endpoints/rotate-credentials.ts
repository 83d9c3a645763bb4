import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { proxySchema } from '../views/proxy-view';
import { changeLogin, LOGIN_ANSWER, ROTATE_LOGIN } from './change-login';
import { idParam } from './fields';

export function rotateCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ROTATE_LOGIN,
      id: 'rotate-credentials',
      path: '/proxies/{id}/credentials/rotate',
      summary: 'Make up a new password',
      tag: 'Proxies',
      params: z.object({ id: idParam('prx', 'the proxy') }),
      responses: { 200: { description: LOGIN_ANSWER, schema: proxySchema } },
      errors: [...ROTATE_LOGIN.errors, 'busy'],
    }),
    (context) => changeLogin(deps, context, 'proxy', 'rotate-credentials'),
  );
}
