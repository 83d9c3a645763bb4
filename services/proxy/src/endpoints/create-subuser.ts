import { z } from 'zod';
import { defineRoute, newId, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { sealSecret } from '@lumi/shared/keys';
import { newCredentials } from '../access/credentials';
import { recordReveal } from '../store/reveals';
import { createSubuser } from '../store/subusers';
import { findPlan } from '../store/traffic';
import type { ProxyDeps } from '../deps';
import { idField } from './fields';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { SUBUSER_ROUTE, subuserGbField, subuserSettings, BYTES_PER_GB, futureOf, notEnoughFree } from './subuser';

export function createSubuserEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SUBUSER_ROUTE,
      id: 'create-subuser',
      method: 'POST',
      path: '/subusers',
      summary: 'Create a sub-user',
      scope: 'write',
      description:
        'Makes a pair of credentials with a limit taken from what the plan has free. The password is shown in ' +
        'this answer, and later by `?reveal=1`.',
      body: z.object({
        traffic_plan_id: idField('the plan it draws from'),
        limit_gb: subuserGbField.optional().describe('Gigabytes it gets at once; 0 if absent.'),
        ...subuserSettings,
      }),
      bodyExample: { traffic_plan_id: 'tpl_01k000000000000000000000', limit_gb: 2, label: 'client a' },
      responses: { 201: { description: 'The sub-user, password in clear.', schema: subuserSchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const { body, reach } = context;
      const plan = await findPlan(deps.db, reach, body.traffic_plan_id);
      if (plan === null) throw notFound();
      const now = deps.service.clock.now();
      const id = newId('sub', now.getTime());
      const pair = newCredentials();
      const bytes = BigInt(body.limit_gb ?? 0) * BYTES_PER_GB;
      const row = await createSubuser(deps.service.db.platform, {
        id,
        accountId: plan.account_id,
        planId: plan.id,
        username: `${pair.username}${id.slice(-6)}`,
        password: sealSecret(deps.service.config.SECRET_RING, id, pair.password),
        bytes,
        expiresAt: futureOf(body.expires_at, now),
        blockedDomains: body.domains_block ?? [],
        allowedDomains: body.domains_allow ?? [],
        concurrency: body.concurrency ?? null,
        bandwidthMbps: body.bandwidth_mbps ?? null,
        label: body.label ?? null,
        reference: body.reference ?? null,
        now,
      });
      if (row === null) throw await notEnoughFree(deps, reach, plan.id, bytes);
      await recordReveal(deps, context, 'create-subuser', [id]); // a refused request showed no password
      return json(201, viewSubuser(row, now, pair.password), { Location: `/subusers/${id}` });
    },
  );
}
