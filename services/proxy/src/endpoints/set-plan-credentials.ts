import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { setPlanLogin } from '../store/logins';
import { findPlan } from '../store/traffic';
import { planSchema, viewPlan } from '../views/plan-view';
import { PLAN_ROUTE, planParams } from './traffic-plan';
import { graceField } from './change-credentials';
import { changeLogin } from './change-login';
import { passwordField, usernameField } from './fields';

export function setPlanCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...PLAN_ROUTE,
      id: 'set-plan-credentials',
      method: 'PUT',
      path: '/traffic-plans/{id}/credentials',
      summary: 'Set user name and password of a traffic plan',
      scope: 'write',
      description:
        'Sets what you give and makes up the password you do not give. User names of pools are unique over all ' +
        'customers. Only the pair before this one can live on: a second change within the grace ends the first.',
      params: planParams,
      body: z.object({ username: usernameField.optional(), password: passwordField.optional(), grace_s: graceField }),
      bodyExample: { username: 'crawler', grace_s: 600 },
      responses: { 200: { description: 'With the new password in clear this once.', schema: planSchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const plan = await findPlan(deps.db, context.reach, context.params.id);
      if (plan === null) throw notFound();
      const { row, password, now } = await changeLogin(deps, context, plan, context.body, (fresh) =>
        setPlanLogin(deps.service.db, plan.id, fresh),
      );
      return json(200, viewPlan(row, now, password));
    },
  );
}
