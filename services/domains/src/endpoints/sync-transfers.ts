// POST /transfers/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';

export const syncTransfers = (domains: DomainsDeps, sync: SyncOfAll) =>
  syncListEndpoint(domains.service.purchases, sync, {
    id: 'sync-transfers',
    path: '/transfers/sync',
    tag: 'Transfers',
    summary: 'Ask how all transfers stand',
    things: 'transfers that are under way',
    one: '/transfers/{id}/sync',
  });
