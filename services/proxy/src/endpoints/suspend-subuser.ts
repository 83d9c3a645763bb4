import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { changeSuspension, SUSPEND_EXAMPLE, SUSPEND_TEXT, suspendBody, SUSPENSION_ROUTE } from './suspension';

export function suspendSubuser(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUSPENSION_ROUTE,
      id: 'suspend-subuser',
      path: '/admin/subusers/{id}/suspend',
      summary: 'Suspend a sub-user',
      description: SUSPEND_TEXT,
      body: suspendBody,
      bodyExample: SUSPEND_EXAMPLE,
      params: z.object({ id: idParam('sub', 'a sub-user') }),
    }),
    (context) => changeSuspension(deps, context, 'subuser', { id: context.params.id, reason: context.body.reason }),
  );
}
