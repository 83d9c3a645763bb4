// The events of domain names.
import { z } from 'zod';
import {
  ORDER_EXAMPLE,
  TIME_EXAMPLE,
  allSyncedType,
  eventType,
  missingType,
  reminderType,
  renewFailedType,
  stageType,
  syncedType,
  time,
} from './event-type';

const about = {
  of: 'domains' as const,
  thing: 'a domain',
  subject: 'example.com',
  data: { domain: z.string(), reference: z.string().nullable() },
  example: { domain: 'example.com', reference: null },
};
const bought = {
  of: 'domains' as const,
  subject: 'example.com',
  data: z.strictObject({ domain: z.string(), expires_at: time, order_id: z.string() }),
  example: { domain: 'example.com', expires_at: TIME_EXAMPLE, order_id: ORDER_EXAMPLE },
};
const contact = {
  of: 'domains' as const,
  thing: 'a contact',
  subject: 'con_01k000000000000000000000',
  data: { contact_id: z.string() },
  example: { contact_id: 'con_01k000000000000000000000' },
};

export const DOMAIN_EVENTS = {
  'domain.registered': eventType({ ...bought, about: 'A domain was registered.' }),
  'domain.renewed': eventType({ ...bought, about: 'A domain was renewed.' }),
  'domain.restored': eventType({ ...bought, about: 'A domain was restored from redemption.' }),
  'domain.transfer.completed': eventType({ ...bought, about: 'A domain was transferred to Lumi.' }),
  'domain.transferred_out': eventType({
    of: 'domains',
    about: 'A domain was transferred to another registrar.',
    subject: 'example.com',
    data: z.strictObject(about.data),
    example: about.example,
  }),
  'domain.expiring': reminderType({ ...about, about: 'A domain expires in some days.' }, 7),
  'domain.expired': reminderType({ ...about, about: 'A domain has expired.' }, 0),
  'domain.redemption': stageType({ ...about, about: 'A domain can only be restored, no longer renewed.' }),
  'domain.pending_delete': stageType({ ...about, about: 'A domain waits for its deletion at the registry.' }),
  'domain.released': stageType({ ...about, about: 'A domain was deleted at the registry.' }),
  'domain.auto_renew_failed': renewFailedType(about),
  'domain.synced': syncedType(about),
  'domain.missing': missingType(about),
  'domain.all_synced': allSyncedType('domains', 'domains'),
  'transfer.all_synced': allSyncedType('domains', 'transfers'),
  'contact.synced': syncedType(contact),
  'contact.missing': missingType(contact),
  'contact.all_synced': allSyncedType('domains', 'contacts'),
} as const;
