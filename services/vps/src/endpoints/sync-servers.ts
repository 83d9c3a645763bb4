// POST /servers/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { Vps } from '../vps';

export const syncServers = (vps: Vps, sync: SyncOfAll) =>
  syncListEndpoint(vps.service.purchases, sync, {
    id: 'sync-servers',
    path: '/servers/sync',
    tag: 'Servers',
    summary: 'Look at all servers where they run',
    things: 'servers',
    one: '/servers/{id}/sync',
  });
