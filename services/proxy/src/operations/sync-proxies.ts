// POST /proxies/sync
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { startSyncOfAll, syncAllAnswer, type SyncOfAll } from '@lumi/shared/sync';
import type { ProxyDeps } from '../proxy';

export function syncProxies(deps: ProxyDeps, sync: SyncOfAll): Endpoint {
  return endpoint(
    defineRoute({
      id: 'sync-proxies', method: 'POST', path: '/proxies/sync', summary: 'Look at all proxies in their networks', tag: 'Proxies', scope: 'write', class: 'regular', reach: 'account',
      description: 'Does for each of your proxies what `POST /proxies/{id}/sync` does for one, in the background. One request, one token; at most once a minute.',
      responses: { 202: syncAllAnswer },
      errors: ['busy'],
    }),
    ({ accountId, principal, requestId }) => startSyncOfAll(deps.purchases, sync, { accountId, keyId: principal.keyId, requestId }),
  );
}
