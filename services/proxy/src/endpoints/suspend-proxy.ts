import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { changeSuspension, SUSPEND_EXAMPLE, SUSPEND_TEXT, suspendBody, SUSPENSION_ROUTE } from './suspension';

export function suspendProxy(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUSPENSION_ROUTE,
      id: 'suspend-proxy',
      path: '/admin/proxies/{id}/suspend',
      summary: 'Suspend a proxy',
      description: SUSPEND_TEXT,
      body: suspendBody,
      bodyExample: SUSPEND_EXAMPLE,
      params: z.object({ id: idParam('prx', 'a proxy') }),
    }),
    (context) => changeSuspension(deps, context, 'proxy', { id: context.params.id, reason: context.body.reason }),
  );
}
