// The events of a change that a caller asked for: what changed, by whom, before and after. The statement that stores
// the change writes them.
import type { EventDraft } from '@lumi/shared/purchase';
import { changesBetween } from '@lumi/shared/sync';
import type { Tld } from '../catalogue/catalogue';
import type { DomainRow } from './domain-row';
import { viewDomain } from './domain-view';

/** With the id of the key that asked for the change; null: it is not known. */
export type ChangeEvent = EventDraft & { readonly actor: string | null };

const OWN_TYPE = ['nameservers', 'contacts', 'auth_code_expires_at'] as const;
const UPDATED = ['state', 'locked', 'privacy', 'dnssec', 'auto_renew', 'tags', 'reference', 'metadata'] as const;

export function eventsOfChange(
  before: DomainRow,
  after: DomainRow,
  { tld, now, actor }: { readonly tld: Tld; readonly now: Date; readonly actor: string | null },
): ChangeEvent[] {
  const [was, is] = [viewDomain(before, tld, now), viewDomain(after, tld, now)];
  const about = { subject: after.name, actor };
  const data = { domain: after.name, reference: after.reference };
  const { auth_code_expires_at: code, ...own } = changesBetween(was, is, OWN_TYPE);
  const updated = {
    ...changesBetween(was, is, UPDATED),
    ...changesBetween(before, after, ['hosts']),
    ...(code === undefined || is.auth_code_expires_at !== null ? {} : { auth_code_expires_at: code }),
  };
  const events: ChangeEvent[] = [];
  if (own['nameservers'] !== undefined)
    events.push({
      ...about,
      type: 'domain.nameservers_changed',
      data: { ...data, changes: { nameservers: own['nameservers'] } },
    });
  if (own['contacts'] !== undefined)
    events.push({
      ...about,
      type: 'domain.contacts_changed',
      data: { ...data, changes: { contacts: own['contacts'] } },
    });
  if (code !== undefined && is.auth_code_expires_at !== null)
    events.push({
      ...about,
      type: 'domain.auth_code_issued',
      data: { ...data, expires_at: is.auth_code_expires_at },
    });
  if (Object.keys(updated).length > 0)
    events.push({ ...about, type: 'domain.updated', data: { ...data, changes: updated } });
  if (after.state === 'transferred_out' && before.state !== 'transferred_out')
    events.push({ ...about, type: 'domain.transferred_out', data });
  return events;
}
