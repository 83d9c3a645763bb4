import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { startSyncOfAll, syncAllAnswer, type SyncOfAll } from '@lumi/shared/sync';
import type { Vps } from '../vps';

export function syncServers(vps: Vps, sync: SyncOfAll): Endpoint {
  return endpoint(
    defineRoute({
      id: 'sync-servers', method: 'POST', path: '/servers/sync', summary: 'Look at all servers where they run', tag: 'Servers', scope: 'write', class: 'regular', reach: 'account',
      description: 'Does for each of your servers what `POST /servers/{id}/sync` does for one, in the background. One request, one token; at most once a minute.',
      responses: { 202: syncAllAnswer },
      errors: ['busy'],
    }),
    ({ accountId, principal, requestId }) => startSyncOfAll(vps.service.purchases, sync, { accountId, keyId: principal.keyId, requestId }),
  );
}
