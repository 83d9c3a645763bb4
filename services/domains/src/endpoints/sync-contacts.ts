// POST /contacts/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { Domains } from '../domains';

export const syncContacts = (domains: Domains, sync: SyncOfAll) =>
  syncListEndpoint(domains.purchases, sync, {
    id: 'sync-contacts',
    path: '/contacts/sync',
    tag: 'Contacts',
    summary: 'Read all contacts from their registrars',
    things: 'contacts',
    one: '/contacts/{id}/sync',
  });
