// Reads a domain at the registry and stores it: when a caller requests it, and when the registry contradicted us.
import type { ErrorDetail } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { EventDraft, JsonObject, LookUp, Order } from '@lumi/shared/purchase';
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
import { findVersion, nextDomains, writeVersion, type Found, type VersionedDomain } from '../store/sync-store';
import type { InfoAnswer, NameInfo } from '../supplier/registrar';
import { registryPart, type DomainRow, type RegistryPart, type StoredState } from './domain-row';
import { viewDomain, type DomainView } from './domain-view';
import { stateAt } from './lifecycle';

const TOLD: readonly (keyof DomainView & string)[] = [
  'state',
  'expires_at',
  'lifecycle',
  'registry_statuses',
  'locked',
  'privacy',
  'nameservers',
  'contacts',
  'dnssec',
  'auth_code_expires_at',
  'missing_since',
];

/** `except`: the open order that causes this sync. */
export async function syncDomain(
  { service, registrars, catalogue }: DomainsDeps,
  reach: Reach,
  name: string,
  except: string | null = null,
): Promise<Synced<DomainRow>> {
  await catalogue.ready();
  const {
    db: { platform },
    clock,
    log,
  } = service;
  return untilWritten(async () => {
    const before = await findVersion(platform, reach, name, except);
    if (before === null) return { kind: 'gone' };
    if (before.openOrder !== null || before.row.change_id !== null)
      return { kind: 'busy', operationId: before.openOrder };
    const answer = await orUnknown<InfoAnswer>((signal) => registrars.get(before.row.registrar).info(name, signal));
    if (answer.kind === 'unknown') return { kind: 'unknown', cause: answer.cause };
    const now = clock.now();
    const found = answer.kind === 'absent' ? null : foundIn(answer.info, before, catalogue);
    if (found === null && before.row.missing_since === null)
      log.error('the registry does not know a name that we hold', {
        domain: name,
        account_id: before.row.account_id,
        alert: true,
      });
    const row = await writeVersion(platform, before, found, {
      except,
      now,
      events: eventsOf(before.row, found, catalogue, now),
    });
    if (row !== null) return { kind: found === null ? 'missing' : found.isChanged ? 'changed' : 'same', row };
    return null;
  });
}

/**
 * Passes the outcome of a paid command on. When the registry refused because its data of the name differ from ours,
 * they are read and shown to the caller.
 */
export function withDomainTruth<O extends LookUp<NameInfo>>(
  deps: DomainsDeps,
  about: { accountId: string; domain: string; orderId: string | null },
  outcome: O,
): Promise<O> {
  return withTruth(outcome, async () => {
    const synced = await syncDomain(deps, { kind: 'account', accountId: about.accountId }, about.domain, about.orderId);
    return 'row' in synced ? truthOf(synced.row, deps.service.clock.now()) : [];
  });
}

export function aboutOrder(order: Order<JsonObject>): { accountId: string; domain: string; orderId: string } {
  return { accountId: order.accountId, domain: order.subject, orderId: order.id };
}

/** What a caller needs to try again. */
function truthOf(row: DomainRow, now: Date): readonly ErrorDetail[] {
  if (row.missing_since !== null) return [{ path: 'missing_since', message: isoSeconds(row.missing_since) }];
  return [
    { path: 'current_expires_at', message: isoSeconds(row.expires_at) },
    { path: 'state', message: stateAt(row, now) },
  ];
}

export function domainSyncs(deps: DomainsDeps): SyncSource {
  return {
    product: 'domains',
    noun: 'domain',
    next: (from) => nextDomains(deps.db, from),
    sync: (reach, name) => syncDomain(deps, reach, name),
  };
}

function foundIn(info: NameInfo, { row }: VersionedDomain, catalogue: DomainsDeps['catalogue']): Found {
  const part = registryPart(info, catalogue.get(row.tld));
  const state: StoredState = info.held_by_us ? row.state : 'transferred_out';
  const fields = Object.keys(part) as (keyof RegistryPart)[]; // an object of exactly these fields, made a line above
  const isSame =
    row.missing_since === null &&
    state === row.state &&
    Object.keys(changesBetween<RegistryPart>(row, part, fields)).length === 0;
  return { part, state, isChanged: !isSame };
}

function eventsOf(row: DomainRow, found: Found | null, catalogue: DomainsDeps['catalogue'], now: Date): EventDraft[] {
  const about = { noun: 'domain' as const, subject: row.name, data: { domain: row.name, reference: row.reference } };
  const tld = catalogue.get(row.tld);
  const before = viewDomain(row, tld, now);
  if (found === null) return eventsOfSync(about, before, null, TOLD, now);
  if (!found.isChanged) return [];
  const after: DomainRow = { ...row, ...found.part, state: found.state, missing_since: null };
  const changes = changesBetween(before, viewDomain(after, tld, now), TOLD);
  const { subject, data } = about;
  return [
    { type: 'domain.synced', subject, data: { ...data, changes } },
    ...(found.state === 'transferred_out' ? [{ type: 'domain.transferred_out' as const, subject, data }] : []),
  ];
}
