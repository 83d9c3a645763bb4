import type { Endpoint } from '@lumi/shared/endpoint';
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { ProxyDeps } from '../deps';

export const syncSubusers = (deps: ProxyDeps, sync: SyncOfAll): Endpoint =>
  syncListEndpoint(deps.service.purchases, sync, {
    id: 'sync-subusers',
    path: '/subusers/sync',
    tag: 'Traffic',
    summary: 'Look at all sub-users in their networks',
    things: 'sub-users',
    one: '/subusers/{id}/sync',
  });
