// POST /domains/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';

export const syncDomains = (domains: DomainsDeps, sync: SyncOfAll) =>
  syncListEndpoint(domains.service.purchases, sync, {
    id: 'sync-domains',
    path: '/domains/sync',
    tag: 'Domains',
    summary: 'Read all domains from their registries',
    things: 'domains',
    one: '/domains/{domain}/sync',
  });
