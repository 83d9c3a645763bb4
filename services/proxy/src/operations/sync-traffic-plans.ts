// POST /traffic-plans/sync
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { startSyncOfAll, syncAllAnswer, type SyncOfAll } from '@lumi/shared/sync';
import type { ProxyDeps } from '../proxy';

export function syncTrafficPlans(deps: ProxyDeps, sync: SyncOfAll): Endpoint {
  return endpoint(
    defineRoute({
      id: 'sync-traffic-plans', method: 'POST', path: '/traffic-plans/sync', summary: 'Look at all traffic plans in their networks', tag: 'Traffic', scope: 'write', class: 'regular', reach: 'account',
      description: 'Does for each of your plans what `POST /traffic-plans/{id}/sync` does for one, in the background. One request, one token; at most once a minute.',
      responses: { 202: syncAllAnswer },
      errors: ['busy'],
    }),
    ({ accountId, principal, requestId }) => startSyncOfAll(deps.purchases, sync, { accountId, keyId: principal.keyId, requestId }),
  );
}
