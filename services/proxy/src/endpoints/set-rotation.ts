// Sets how often the exit address of a proxy changes automatically.
import { z } from 'zod';
import { AppError, defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { changeProxies, findProxy } from '../store/proxies';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { proxySchema, viewProxy } from '../views/proxy-view';
import { assertChangeable } from './change-proxies';
import { rotationOf } from './rotation-of';

export function setRotation(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'set-rotation',
      method: 'PUT',
      path: '/proxies/{id}/rotation',
      summary: 'Set how often the exit address changes',
      tag: 'Proxies',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description: 'Seconds between changes, or null to change on demand only.',
      params: z.object({ id: idParam('prx', 'the proxy') }),
      body: z.object({ interval_s: z.int().min(1).max(86_400).nullable() }),
      bodyExample: { interval_s: 600 },
      responses: { 200: { description: 'The proxy as it is now.', schema: proxySchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const row = await findProxy(deps.db, context.reach, context.params.id);
      if (row === null) throw notFound();
      assertChangeable(row, deps.service.clock.now());
      const { minIntervalS } = rotationOf(row);
      if (context.body.interval_s !== null && context.body.interval_s < minIntervalS)
        throw invalid('interval_s', `must be at least ${String(minIntervalS)}`);
      const [changed] = await changeProxies(
        deps.service.db.platform,
        [row.id],
        { rotation_s: context.body.interval_s },
        deps.service.clock.now(),
      );
      if (changed === undefined) throw new AppError('state_conflict');
      return json(200, viewProxy(changed, deps.service.clock.now()));
    },
  );
}
