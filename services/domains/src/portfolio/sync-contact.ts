// Reads a contact at its registrars and stores what they have. Registrars know only contacts that a domain uses; other
// contacts exist only here.
import type { ErrorDetail } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { EventDraft, LookUp } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { changesBetween, orUnknown, withTruth, type Synced, type SyncSource } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { findContact, type UsedContactRow } from '../store/contact-store';
import { findContactVersion, nextContacts, writeContactVersion } from '../store/sync-store';
import type { ContactAnswer, ContactData } from '../supplier/registrar';

const CALL_LIMIT_MS = 3_000;
const TRIES = 3;

export async function syncContact(
  { service, registrars }: DomainsDeps,
  reach: Reach,
  id: string,
): Promise<Synced<UsedContactRow>> {
  const {
    db: { platform },
    clock,
    log,
  } = service;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const before = await findContactVersion(platform, reach, id);
    if (before === null) return { kind: 'gone' };
    const { row } = before;
    if (before.registrars.length === 0) return { kind: 'same', row };
    const answers = await Promise.all(
      before.registrars.map((registrar) =>
        orUnknown<ContactAnswer>(CALL_LIMIT_MS, (signal) => registrars.get(registrar).readContact(id, signal)),
      ),
    );
    const unknown = answers.find((answer) => answer.kind === 'unknown');
    if (unknown !== undefined) return { kind: 'unknown', cause: unknown.cause };
    const now = clock.now();
    const data = foundIn(answers, row.data);
    if (data === null && row.missing_since === null)
      log.error('a registrar does not know a contact that a domain names', {
        contact_id: id,
        account_id: row.account_id,
        alert: true,
      });
    const events = eventsOf(row, data, now);
    if (!(await writeContactVersion(platform, before, data, { now, events }))) continue;
    const after = await findContact(platform, reach, id);
    if (after === null) return { kind: 'gone' };
    return { kind: data === null ? 'missing' : events.length > 0 ? 'changed' : 'same', row: after };
  }
  return { kind: 'busy', operationId: null };
}

/**
 * Passes the outcome of a change on. When the registrar refuses because its contact differs from ours, its contact is
 * read and shown to the caller.
 */
export function withContactTruth<O extends LookUp<object>>(
  deps: DomainsDeps,
  row: UsedContactRow,
  outcome: O,
): Promise<O> {
  return withTruth(outcome, async () => {
    const synced = await syncContact(deps, { kind: 'account', accountId: row.account_id }, row.id);
    return 'row' in synced ? truthOf(row, synced.row) : [];
  });
}

export function contactSyncs(deps: DomainsDeps): SyncSource {
  return {
    product: 'domains',
    noun: 'contact',
    next: (accountId, afterSeq, limit) => nextContacts(deps.service.db.platform, accountId, afterSeq, limit),
    sync: async (accountId, id) => (await syncContact(deps, { kind: 'account', accountId }, id)).kind,
  };
}

/**
 * Null when one of the registrars does not know the contact. Otherwise the first version that differs from ours, or
 * ours.
 */
function foundIn(answers: readonly ContactAnswer[], ours: ContactData): ContactData | null {
  const found = answers.flatMap((answer) => (answer.kind === 'found' ? [answer.data] : []));
  if (found.length < answers.length) return null;
  return found.find((data) => Object.keys(changesOf(ours, data)).length > 0) ?? ours;
}

function truthOf(before: UsedContactRow, { data, missing_since: missingSince }: UsedContactRow): ErrorDetail[] {
  if (missingSince !== null) return [{ path: 'missing_since', message: isoSeconds(missingSince) }];
  return Object.entries(changesOf(before.data, data)).map(([path, { to }]) => ({ path, message: String(to) }));
}

function eventsOf(row: UsedContactRow, data: ContactData | null, now: Date): EventDraft[] {
  const about = { subject: row.id, data: { contact_id: row.id } };
  if (data === null)
    return row.missing_since === null
      ? [{ ...about, type: 'contact.missing', data: { ...about.data, missing_since: isoSeconds(now) } }]
      : [];
  const changes = {
    ...changesOf(row.data, data),
    ...(row.missing_since === null ? {} : { missing_since: { from: isoSeconds(row.missing_since), to: null } }),
  };
  return Object.keys(changes).length === 0
    ? []
    : [{ ...about, type: 'contact.synced', data: { ...about.data, changes } }];
}

function changesOf(before: ContactData, after: ContactData) {
  // an object of exactly these fields
  return changesBetween<ContactData>(before, after, Object.keys(after) as (keyof ContactData)[]);
}
