import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { changeSuspension, SUSPENSION_ROUTE, UNSUSPEND_TEXT } from './suspension';

export function unsuspendProxy(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUSPENSION_ROUTE,
      id: 'unsuspend-proxy',
      path: '/admin/proxies/{id}/unsuspend',
      summary: 'Let a proxy go on',
      description: UNSUSPEND_TEXT,
      params: z.object({ id: idParam('prx', 'a proxy') }),
    }),
    (context) => changeSuspension(deps, context, 'proxy', { id: context.params.id, reason: null }),
  );
}
