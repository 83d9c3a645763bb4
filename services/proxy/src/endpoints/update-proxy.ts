import { z } from 'zod';
import { AppError, defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { findProxy } from '../store/proxies';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { proxySchema, viewProxy } from '../views/proxy-view';
import { changeFields, assertChangeable, changeAs } from './change-proxies';

export function updateProxy(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'update-proxy',
      method: 'PATCH',
      path: '/proxies/{id}',
      summary: 'Change a proxy',
      tag: 'Proxies',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      autoRenew: ['auto_renew'],
      description: 'Changes the given fields and leaves the others. `null` clears label, reference or metadata.',
      params: z.object({ id: idParam('prx', 'the proxy') }),
      body: z.object(changeFields),
      bodyExample: { label: 'crawler 3', tags: ['client-a'], auto_renew: true },
      responses: { 200: { description: 'The proxy as it is now.', schema: proxySchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const row = await findProxy(deps.db, context.reach, context.params.id);
      if (row === null) throw notFound();
      assertChangeable(row, deps.service.clock.now());
      const [changed] = await changeAs(deps, context, [row], context.body);
      if (changed === undefined) throw new AppError('state_conflict');
      return json(200, viewProxy(changed, deps.service.clock.now()));
    },
  );
}
