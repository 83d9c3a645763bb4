import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { changeSuspension, SUSPEND_EXAMPLE, SUSPEND_TEXT, suspendBody, SUSPENSION_ROUTE } from './suspension';

export function suspendTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUSPENSION_ROUTE,
      id: 'suspend-traffic-plan',
      path: '/admin/traffic-plans/{id}/suspend',
      summary: 'Suspend a traffic plan and its sub-users',
      description: SUSPEND_TEXT,
      body: suspendBody,
      bodyExample: SUSPEND_EXAMPLE,
      params: z.object({ id: idParam('tpl', 'a traffic plan and its sub-users') }),
    }),
    (context) =>
      changeSuspension(deps, context, 'traffic_plan', { id: context.params.id, reason: context.body.reason }),
  );
}
