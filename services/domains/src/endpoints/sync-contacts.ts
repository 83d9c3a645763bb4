// POST /contacts/sync
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';

export const syncContacts = (domains: DomainsDeps, sync: SyncOfAll) =>
  syncListEndpoint(domains.service.purchases, sync, {
    id: 'sync-contacts',
    path: '/contacts/sync',
    tag: 'Contacts',
    summary: 'Read all contacts from their registrars',
    things: 'contacts',
    one: '/contacts/{id}/sync',
  });
