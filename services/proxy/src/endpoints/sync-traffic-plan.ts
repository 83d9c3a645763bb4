// POST /traffic-plans/{id}/sync
import { z } from 'zod';
import { notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { ProxyDeps } from '../deps';
import { findPlan } from '../store/traffic';
import { syncPlan } from '../sync/sync-plan';
import { planSchema, viewPlan } from '../views/plan-view';
import { idParam } from './fields';

export function syncTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-traffic-plan',
      path: '/traffic-plans/{id}/sync',
      summary: 'Read a traffic plan from its network',
      tag: 'Traffic',
      description:
        'Reads the plan and its host at the network, stores them and answers the plan. A `traffic.synced` event ' +
        'lists what differed. At most once a minute for each plan. A plan that the network does not know is kept, ' +
        'with `missing_since`.',
      params: z.object({ id: idParam('tpl', 'the plan') }),
      answer: { description: 'The plan as it is now.', schema: planSchema },
    }),
    async ({ reach, params: { id } }) => {
      const row = await findPlan(deps.db, reach, id);
      if (row === null) throw notFound();
      return json(
        200,
        viewPlan(
          await syncOnce(deps.service, { product: 'proxy', thing: `traffic plan ${row.id}` }, () =>
            syncPlan(deps, reach, id),
          ),
          deps.service.clock.now(),
        ),
      );
    },
  );
}
