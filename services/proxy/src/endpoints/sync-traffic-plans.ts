// POST /traffic-plans/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { ProxyDeps } from '../deps';

export const syncTrafficPlans = (deps: ProxyDeps, sync: SyncOfAll) =>
  syncListEndpoint(deps.service.purchases, sync, {
    id: 'sync-traffic-plans',
    path: '/traffic-plans/sync',
    tag: 'Traffic',
    summary: 'Look at all traffic plans in their networks',
    things: 'plans',
    one: '/traffic-plans/{id}/sync',
  });
