import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { proxySchema } from '../views/proxy-view';
import { changeLogin, LOGIN_ANSWER, SET_LOGIN, SET_TEXT } from './change-login';
import { idParam } from './fields';

export function setCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SET_LOGIN,
      id: 'set-credentials',
      path: '/proxies/{id}/credentials',
      summary: 'Set user name and password',
      tag: 'Proxies',
      description: SET_TEXT,
      params: z.object({ id: idParam('prx', 'the proxy') }),
      responses: { 200: { description: LOGIN_ANSWER, schema: proxySchema } },
      errors: [...SET_LOGIN.errors, 'busy'],
    }),
    (context) => changeLogin(deps, context, 'proxy', 'set-credentials'),
  );
}
