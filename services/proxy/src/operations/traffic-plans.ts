// Traffic plans: the list, one of them, and what a customer may change.
import { z } from 'zod';
import { defineRoute, notFound, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { requireScope } from '@lumi/shared/principal';
import { metadataField, referenceField, tagsField } from '@lumi/shared/purchase';
import { openPassword } from '../access/credentials';
import { recordReveal } from '../store/reveals';
import { changePlan, findPlan, listPlans } from '../store/traffic';
import type { ProxyDeps } from '../proxy';
import { idParam, labelField, revealQuery } from './fields';
import { planSchema, viewPlan } from '../views/plan-view';

const params = z.object({ id: idParam('tpl', 'the plan') });
const common = { tag: 'Traffic', class: 'regular', reach: 'account' } as const;

export function listTrafficPlans(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'list-traffic-plans', method: 'GET', path: '/traffic-plans', summary: 'List traffic plans', scope: 'read', description: 'Your plans, newest first.',
      query: pageQuery.extend({
        pool: z.string().max(32).optional().describe('Only plans of this pool.'), reference: z.string().max(128).optional().describe('Only plans with this reference.'), tag: z.string().max(64).optional().describe('Only plans with this tag.'),
      }),
      responses: { 200: { description: 'A page of plans.', schema: pageOf(planSchema) } },
    }),
    async ({ reach, query }) => {
      const { pool, reference, tag } = query;
      const binding: CursorBinding = { account: reach.kind === 'account' ? reach.accountId : null, route: 'list-traffic-plans', filter: { pool, reference, tag } };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listPlans(deps.db.platform, reach, { pool, reference, tag }, { limit: request.limit, beforeSeq: request.after?.[0] ?? null });
      const now = deps.clock.now();
      return json(200, toPage(rows, request, deps.cursors, binding, (row) => [row.seq.toString()], (row) => viewPlan(row, now)));
    },
  );
}

export function getTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'get-traffic-plan', method: 'GET', path: '/traffic-plans/{id}', summary: 'Get a traffic plan', scope: 'read', description: 'One plan with what is used, given to sub-users and free.',
      params, query: z.object({ reveal: revealQuery }), responses: { 200: { description: 'The plan.', schema: planSchema } },
    }),
    async (context) => {
      if (context.query.reveal !== undefined) requireScope(context.principal, 'write');
      const plan = await findPlan(deps.db.platform, context.reach, context.params.id);
      if (plan === null) throw notFound();
      if (context.query.reveal === undefined) return json(200, viewPlan(plan, deps.clock.now()));
      await recordReveal(deps, context, 'get-traffic-plan', [plan.id]);
      return json(200, viewPlan(plan, deps.clock.now(), openPassword(deps, plan)));
    },
  );
}

export function updateTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'update-traffic-plan', method: 'PATCH', path: '/traffic-plans/{id}', summary: 'Change a traffic plan', scope: 'write', description: 'Changes the given fields and leaves the others.',
      params, body: z.object({ label: labelField.nullable().optional(), tags: tagsField, reference: referenceField.nullable(), metadata: metadataField.nullable() }), bodyExample: { label: 'client a' },
      responses: { 200: { description: 'The plan as it is now.', schema: planSchema } },
    }),
    async ({ reach, params: { id }, body }) => {
      const plan = await findPlan(deps.db.platform, reach, id);
      const changed = plan === null ? null : await changePlan(deps.db.platform, plan.id, body, deps.clock.now());
      if (changed === null) throw notFound();
      return json(200, viewPlan(changed, deps.clock.now()));
    },
  );
}
