// Sub-users of traffic plans: pairs of their own with gigabytes given by the plan.
import { z } from 'zod';
import { AppError, defineRoute, invalid, lineField, newId, notFound, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint, type Reach } from '@lumi/shared/endpoint';
import { sealSecret } from '@lumi/shared/keys';
import { hostNameField } from '@lumi/shared/names';
import { instantField } from '@lumi/shared/times';
import { requireScope } from '@lumi/shared/principal';
import { syncListEndpoint, syncOnce, syncRoute, type SyncOfAll } from '@lumi/shared/sync';
import { newCredentials, openPassword } from '../access/credentials';
import { recordReveal } from '../store/reveals';
import { allocateTo, changeSubuser, createSubuser, deleteSubuser, findPlan, findSubuser, listSubusers, reclaimFrom, type SubuserRow } from '../store/traffic';
import { syncSubuser } from '../sync/sync-access';
import type { ProxyDeps } from '../proxy';
import { idField, idParam, revealQuery } from './fields';
import { subuserSchema, viewSubuser } from '../views/plan-view';

const BYTES_PER_GB = 1_000_000_000n;
const gbField = z.int().min(1).max(1_000_000);
const settings = {
  label: lineField(128).nullable().optional(),
  reference: z.string().min(1).max(128).nullable().optional(),
  expires_at: instantField.nullable().optional().describe('The pair stops working then.'),
  domains_block: z.array(hostNameField()).max(100).transform((names) => [...new Set(names)]).optional().describe('Targets it may not reach.'),
};
const params = z.object({ id: idParam('sub', 'the sub-user') });
const common = { tag: 'Traffic', class: 'regular', reach: 'account' } as const;
const NOT_ENOUGH = 'The plan has not that many gigabytes free.';

export function subuserEndpoints(deps: ProxyDeps, sync: SyncOfAll): Endpoint[] {
  return [list(deps), create(deps), syncSubusers(deps, sync), get(deps), syncOne(deps), update(deps), remove(deps), allocate(deps), reclaim(deps)];
}

function list(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'list-subusers', method: 'GET', path: '/subusers', summary: 'List sub-users', scope: 'read', description: 'Sub-users of your plans, newest first.',
      query: pageQuery.extend({
        traffic_plan_id: idField('a plan').optional().describe('Only sub-users of this plan.'), status: z.enum(['active', 'disabled']).optional().describe('Only sub-users with this status.'),
        reference: z.string().max(128).optional().describe('Only sub-users with this reference.'),
      }),
      responses: { 200: { description: 'A page of sub-users.', schema: pageOf(subuserSchema) } },
    }),
    async ({ reach, query }) => {
      const { traffic_plan_id, status, reference } = query;
      const binding: CursorBinding = { account: reach.kind === 'account' ? reach.accountId : null, route: 'list-subusers', filter: { traffic_plan_id, status, reference } };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listSubusers(deps.db.platform, reach, { planId: traffic_plan_id, status, reference }, { limit: request.limit, beforeSeq: request.after?.[0] ?? null });
      return json(200, toPage(rows, request, deps.cursors, binding, (row) => [row.seq.toString()], (row) => viewSubuser(row)));
    },
  );
}

function create(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'create-subuser', method: 'POST', path: '/subusers', summary: 'Create a sub-user', scope: 'write',
      description: 'Makes a pair of credentials with a limit taken from what the plan has free. The password is shown in this answer, and later by `?reveal=1`.',
      body: z.object({ traffic_plan_id: idField('the plan it draws from'), limit_gb: gbField.optional().describe('Gigabytes it gets at once; 0 if absent.'), ...settings }),
      bodyExample: { traffic_plan_id: 'tpl_01k000000000000000000000', limit_gb: 2, label: 'client a' },
      responses: { 201: { description: 'The sub-user, password in clear.', schema: subuserSchema } }, errors: ['state_conflict'],
    }),
    async (context) => {
      const { body, reach } = context;
      const plan = await findPlan(deps.db.platform, reach, body.traffic_plan_id);
      if (plan === null) throw notFound();
      const now = deps.clock.now();
      const id = newId('sub', now.getTime());
      const pair = newCredentials();
      const row = await createSubuser(deps.db.platform, {
        id, accountId: plan.account_id, planId: plan.id, username: `${pair.username}${id.slice(-6)}`, password: sealSecret(deps.ring, id, pair.password), bytes: BigInt(body.limit_gb ?? 0) * BYTES_PER_GB,
        expiresAt: futureOf(body.expires_at, now), blockedDomains: body.domains_block ?? [], label: body.label ?? null, reference: body.reference ?? null, now,
      });
      if (row === null) throw new AppError('state_conflict', NOT_ENOUGH);
      await recordReveal(deps, context, 'create-subuser', [id]); // what was refused was shown to nobody
      return json(201, viewSubuser(row, pair.password), { Location: `/subusers/${id}` });
    },
  );
}

function get(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'get-subuser', method: 'GET', path: '/subusers/{id}', summary: 'Get a sub-user', scope: 'read', description: 'One sub-user with its limit and use.',
      params, query: z.object({ reveal: revealQuery }), responses: { 200: { description: 'The sub-user.', schema: subuserSchema } },
    }),
    async (context) => {
      if (context.query.reveal !== undefined) requireScope(context.principal, 'write');
      const row = await mustFind(deps, context.reach, context.params.id);
      if (context.query.reveal === undefined) return json(200, viewSubuser(row));
      await recordReveal(deps, context, 'get-subuser', [row.id]);
      return json(200, viewSubuser(row, openPassword(deps, row)));
    },
  );
}

function update(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'update-subuser', method: 'PATCH', path: '/subusers/{id}', summary: 'Change a sub-user', scope: 'write', description: 'Changes the given fields and leaves the others. A disabled sub-user keeps its gigabytes.',
      params, body: z.object({ status: z.enum(['active', 'disabled']).optional(), ...settings }), bodyExample: { status: 'disabled' },
      responses: { 200: { description: 'The sub-user as it is now.', schema: subuserSchema } },
    }),
    async ({ reach, params: { id }, body }) => {
      const row = await mustFind(deps, reach, id);
      const now = deps.clock.now();
      const changed = await changeSubuser(deps.db.platform, row.id, {
        label: body.label, reference: body.reference, status: body.status, blocked_domains: body.domains_block, expires_at: body.expires_at === undefined ? undefined : futureOf(body.expires_at, now),
      }, now);
      if (changed === null) throw notFound();
      return json(200, viewSubuser(changed));
    },
  );
}

function remove(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'delete-subuser', method: 'DELETE', path: '/subusers/{id}', summary: 'Delete a sub-user', scope: 'write', description: 'Its unused gigabytes go back to the plan.',
      params, responses: { 200: { description: 'Deleted.', schema: z.object({ id: z.string(), deleted: z.literal(true) }) } },
    }),
    async ({ reach, params: { id } }) => {
      const row = await mustFind(deps, reach, id);
      if (!(await deleteSubuser(deps.db, row, deps.clock.now()))) throw notFound();
      return json(200, { id, deleted: true });
    },
  );
}

function allocate(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'allocate-to-subuser', method: 'POST', path: '/subusers/{id}/allocate', summary: 'Give gigabytes to a sub-user', scope: 'write', description: 'Moves gigabytes from what the plan has free. Parallel requests never give out more than that.',
      params, body: z.object({ gb: gbField }), bodyExample: { gb: 2 }, responses: { 200: { description: 'The sub-user as it is now.', schema: subuserSchema } }, errors: ['state_conflict'],
    }),
    async ({ reach, params: { id }, body }) => {
      const row = await mustFind(deps, reach, id);
      const changed = await allocateTo(deps.db, row, BigInt(body.gb) * BYTES_PER_GB, deps.clock.now());
      if (changed === null) throw new AppError('state_conflict', NOT_ENOUGH);
      return json(200, viewSubuser(changed));
    },
  );
}

function reclaim(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'reclaim-from-subuser', method: 'POST', path: '/subusers/{id}/reclaim', summary: 'Take unused gigabytes back', scope: 'write', description: 'Moves unused gigabytes back to the plan: as many as you say, or all.',
      params, body: z.object({ gb: gbField.optional().describe('All that are unused if absent.') }), bodyExample: { gb: 1 }, responses: { 200: { description: 'The sub-user as it is now.', schema: subuserSchema } }, errors: ['state_conflict'],
    }),
    async ({ reach, params: { id }, body }) => {
      const row = await mustFind(deps, reach, id);
      const changed = await reclaimFrom(deps.db, row, body.gb === undefined ? null : BigInt(body.gb) * BYTES_PER_GB, deps.clock.now());
      if (changed === null) throw new AppError('state_conflict', 'The sub-user has not that many gigabytes unused.');
      return json(200, viewSubuser(changed));
    },
  );
}

const syncSubusers = (deps: ProxyDeps, sync: SyncOfAll): Endpoint =>
  syncListEndpoint(deps.purchases, sync, { id: 'sync-subusers', path: '/subusers/sync', tag: 'Traffic', summary: 'Look at all sub-users in their networks', things: 'sub-users', one: '/subusers/{id}/sync' });

function syncOne(deps: ProxyDeps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-subuser', path: '/subusers/{id}/sync', tag: 'Traffic', summary: 'Look at a sub-user in its network',
      description: 'Asks the network whom it lets in. Where that is not what the sub-user is here, it is told again: `is_applied` is false until it has confirmed that, and a `subuser.synced` event tells it. At most once a minute for each sub-user.',
      params, answer: { description: 'The sub-user as it is now.', schema: subuserSchema },
    }),
    async ({ reach, params: { id } }) => {
      const row = await mustFind(deps, reach, id);
      return json(200, viewSubuser(await syncOnce(deps, { product: 'proxy', thing: `subuser ${row.id}` }, () => syncSubuser(deps, reach, row.id))));
    },
  );
}

async function mustFind(deps: ProxyDeps, reach: Reach, id: string): Promise<SubuserRow> {
  const row = await findSubuser(deps.db.platform, reach, id);
  if (row === null) throw notFound();
  return row;
}

function futureOf(text: string | null | undefined, now: Date): Date | null {
  if (text === null || text === undefined) return null;
  const at = new Date(text);
  if (at <= now) throw invalid('expires_at', 'must lie in the future');
  return at;
}
