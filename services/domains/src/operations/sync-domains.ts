// POST /domains/sync
import { defineRoute } from '@lumi/shared/contract';
import { endpoint } from '@lumi/shared/endpoint';
import { startSyncOfAll, syncAllAnswer, type SyncOfAll } from '@lumi/shared/sync';
import type { Domains } from '../domains';

export const syncDomains = (domains: Domains, sync: SyncOfAll) =>
  endpoint(
    defineRoute({
      id: 'sync-domains', method: 'POST', path: '/domains/sync', tag: 'Domains', scope: 'write', class: 'regular', reach: 'account',
      summary: 'Read all domains from their registries',
      description: 'Does for each of your domains what `POST /domains/{domain}/sync` does for one, in the background. One request, one token; at most once a minute.',
      responses: { 202: syncAllAnswer },
      errors: ['busy'],
    }),
    ({ accountId, principal, requestId }) => startSyncOfAll(domains.purchases, sync, { accountId, keyId: principal.keyId, requestId }),
  );
