// POST /transfers/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { Domains } from '../domains';

export const syncTransfers = (domains: Domains, sync: SyncOfAll) =>
  syncListEndpoint(domains.purchases, sync, {
    id: 'sync-transfers',
    path: '/transfers/sync',
    tag: 'Transfers',
    summary: 'Ask how all transfers stand',
    things: 'transfers that are under way',
    one: '/transfers/{id}/sync',
  });
