// POST /domains/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { Domains } from '../domains';

export const syncDomains = (domains: Domains, sync: SyncOfAll) =>
  syncListEndpoint(domains.purchases, sync, {
    id: 'sync-domains',
    path: '/domains/sync',
    tag: 'Domains',
    summary: 'Read all domains from their registries',
    things: 'domains',
    one: '/domains/{domain}/sync',
  });
