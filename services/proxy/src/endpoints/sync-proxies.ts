// POST /proxies/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { ProxyDeps } from '../deps';

export const syncProxies = (deps: ProxyDeps, sync: SyncOfAll) =>
  syncListEndpoint(deps.service.purchases, sync, {
    id: 'sync-proxies',
    path: '/proxies/sync',
    tag: 'Proxies',
    summary: 'Look at all proxies in their networks',
    things: 'proxies',
    one: '/proxies/{id}/sync',
  });
