// POST /servers/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { VpsDeps } from '../deps';

export const syncServers = (vps: VpsDeps, sync: SyncOfAll) =>
  syncListEndpoint(vps.service.purchases, sync, {
    id: 'sync-servers',
    path: '/servers/sync',
    tag: 'Servers',
    summary: 'Look at all servers where they run',
    things: 'servers',
    one: '/servers/{id}/sync',
  });
