import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { changeSuspension, SUSPENSION_ROUTE, UNSUSPEND_TEXT } from './suspension';

export function unsuspendTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUSPENSION_ROUTE,
      id: 'unsuspend-traffic-plan',
      path: '/admin/traffic-plans/{id}/unsuspend',
      summary: 'Let a traffic plan and its sub-users go on',
      description: UNSUSPEND_TEXT,
      params: z.object({ id: idParam('tpl', 'a traffic plan and its sub-users') }),
    }),
    (context) => changeSuspension(deps, context, 'traffic_plan', { id: context.params.id, reason: null }),
  );
}
