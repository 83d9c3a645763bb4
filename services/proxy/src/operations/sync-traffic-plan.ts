// POST /traffic-plans/{id}/sync
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { syncOnce } from '@lumi/shared/sync';
import type { ProxyDeps } from '../proxy';
import { turnOf } from '../store/sync-store';
import { findPlan } from '../store/traffic';
import { syncPlan } from '../sync/sync-plan';
import { planSchema, viewPlan } from '../views/plan-view';
import { idParam } from './fields';

export function syncTrafficPlan(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'sync-traffic-plan', method: 'POST', path: '/traffic-plans/{id}/sync', summary: 'Look at a traffic plan in its network', tag: 'Traffic', scope: 'write', class: 'regular', reach: 'account',
      description: 'Asks the network whether it has the plan, and where, writes it down and answers it. What differed is told by a `traffic.synced` event. At most once a minute for each plan. A plan the network does not know is kept, with `missing_since`.',
      params: z.object({ id: idParam('tpl', 'the plan') }),
      responses: { 200: { description: 'The plan as it is now.', schema: planSchema } },
      errors: ['busy'],
    }),
    async ({ reach, params: { id } }) => {
      const row = await findPlan(deps.db.platform, reach, id);
      if (row === null) throw notFound();
      return json(200, viewPlan(await syncOnce(deps.db.platform, turnOf('traffic_plan', row), deps.clock.now(), () => syncPlan(deps, reach, id)), deps.clock.now()));
    },
  );
}
