// Reads a contact at its registrars and stores what they have. Registrars know only contacts that a domain uses; other
// contacts exist only here.
import type { ErrorDetail } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { EventDraft, LookUp } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import {
  changesBetween,
  eventsOfSync,
  orUnknown,
  untilWritten,
  withTruth,
  type Synced,
  type SyncSource,
} from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { findContact, type UsedContactRow } from '../store/contact-store';
import { findContactVersion, nextContacts, writeContactVersion } from '../store/sync-store';
import type { ContactAnswer, ContactData } from '../supplier/registrar';

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
  return untilWritten(async () => {
    const before = await findContactVersion(platform, reach, id);
    if (before === null) return { kind: 'gone' };
    const { row } = before;
    if (before.registrars.length === 0) return { kind: 'same', row };
    const answers = await Promise.all(
      before.registrars.map((registrar) =>
        orUnknown<ContactAnswer>((signal) => registrars.get(registrar).readContact(id, signal)),
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
    if (!(await writeContactVersion(platform, before, data, { now, events }))) return null;
    const after = await findContact(platform, reach, id);
    if (after === null) return { kind: 'gone' };
    return { kind: data === null ? 'missing' : events.length > 0 ? 'changed' : 'same', row: after };
  });
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
    next: (from) => nextContacts(deps.db, from),
    sync: (reach, id) => syncContact(deps, reach, id),
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
  const about = { noun: 'contact' as const, subject: row.id, data: { contact_id: row.id } };
  const missingSince = row.missing_since === null ? null : isoSeconds(row.missing_since);
  const after = data === null ? null : { ...data, missing_since: null };
  return eventsOfSync(
    about,
    { ...row.data, missing_since: missingSince },
    after,
    [...fieldsOf(data ?? row.data), 'missing_since'],
    now,
  );
}

function changesOf(before: ContactData, after: ContactData) {
  return changesBetween<ContactData>(before, after, fieldsOf(after));
}

function fieldsOf(data: ContactData) {
  return Object.keys(data) as (keyof ContactData)[]; // an object of exactly these fields
}
