import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { changeSuspension, SUSPENSION_ROUTE, UNSUSPEND_TEXT } from './suspension';

export function unsuspendSubuser(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUSPENSION_ROUTE,
      id: 'unsuspend-subuser',
      path: '/admin/subusers/{id}/unsuspend',
      summary: 'Let a sub-user go on',
      description: UNSUSPEND_TEXT,
      params: z.object({ id: idParam('sub', 'a sub-user') }),
    }),
    (context) => changeSuspension(deps, context, 'subuser', { id: context.params.id, reason: null }),
  );
}
