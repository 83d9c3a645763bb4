// The events of domain names.
import { z } from 'zod';
import {
  ORDER_EXAMPLE,
  TIME_EXAMPLE,
  allSyncedType,
  changes,
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
const zone = {
  of: 'domains' as const,
  subject: 'example.com',
  data: z.strictObject({ zone: z.string(), serial: z.int(), records: z.int() }),
  example: { zone: 'example.com', serial: 1_795_000_001, records: 4 },
};

const changed = {
  of: 'domains' as const,
  subject: 'example.com',
  data: z.strictObject({ ...about.data, changes }),
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
  'domain.updated': eventType({
    ...changed,
    about:
      'A caller changed a domain: its lock, privacy, DS records, glue hosts, tags, reference or automatic renewal.',
    example: { ...about.example, changes: { locked: { from: false, to: true } } },
  }),
  'domain.nameservers_changed': eventType({
    ...changed,
    about: 'A caller changed the name servers of a domain.',
    example: {
      ...about.example,
      changes: { nameservers: { from: [], to: ['ns1.example.net', 'ns2.example.net'] } },
    },
  }),
  'domain.contacts_changed': eventType({
    ...changed,
    about: 'A caller changed the contacts of a domain.',
    example: {
      ...about.example,
      changes: {
        contacts: {
          from: { registrant: contact.subject, admin: null, tech: null, billing: null },
          to: { registrant: contact.subject, admin: contact.subject, tech: null, billing: null },
        },
      },
    },
  }),
  'domain.auth_code_issued': eventType({
    of: 'domains',
    about: 'A caller made a code to transfer a domain away; the event does not have the code.',
    subject: 'example.com',
    data: z.strictObject({ ...about.data, expires_at: time }),
    example: { ...about.example, expires_at: TIME_EXAMPLE },
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
  'zone.created': eventType({ ...zone, about: 'A zone was created.' }),
  'zone.changed': eventType({
    ...zone,
    about: 'Records of a zone were changed, imported or restored.',
    data: zone.data.extend({ added: z.int(), removed: z.int(), changed: z.int() }),
    example: { ...zone.example, added: 1, removed: 0, changed: 0 },
  }),
  'zone.deleted': eventType({ ...zone, about: 'A zone was deleted.' }),
} as const;
