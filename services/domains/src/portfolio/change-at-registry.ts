// A change that costs nothing but happens at the registry: name servers, lock, privacy, contacts, DS, glue, auth code. One at a time for each
// domain; what is stored is what the registry says it has, never what was asked for. A change whose owner died or whose end nobody
// knows is found by its lease, and the registry is asked.
import { AppError, newId } from '@lumi/shared/contract';
import { withAbort, type Outcome } from '@lumi/shared/purchase';
import type { Domains } from '../domains';
import { beginChange, finishChange, postponeChange, releaseChange, takeOverChanges } from '../store/domain-store';
import type { InfoAnswer, NameChange, NameInfo } from '../supplier/registrar';
import { registryPart, type DomainRow, type StoredState } from './domain-row';
import { stateAt } from './lifecycle';

const CALL_LIMIT_MS = 10_000;
/** Longer than the call, the re-reading after it and the writing together. */
const LEASE_MS = 30_000;
const ASK_AGAIN_MS = 5_000;
const SYNC_ROUND = 10;

/** Returns the domain as it is afterwards. Throws `busy`, `state_conflict`, `suspended`, what the registry refused with, or 503 while nobody knows. */
export async function changeAtRegistry(domains: Domains, row: DomainRow, change: NameChange): Promise<DomainRow> {
  const { service: { db: { platform }, clock, log } } = domains;
  requireAlive(row, clock.now());
  const changeId = newId('op', clock.nowMs());
  if (!(await beginChange(platform, row, changeId, LEASE_MS))) throw new AppError('busy', undefined, { retryAfterS: 2 });
  const registrar = domains.registrars.get(row.registrar);
  const outcome = await bounded<Outcome<NameInfo>>((signal) => registrar.update({ ref: changeId, name: row.name, tld: row.tld, sentAt: clock.now(), change }, signal));
  if (outcome.kind === 'done') return stored(domains, row, changeId, outcome.result);
  if (outcome.kind === 'refused') {
    await releaseChange(platform, row, changeId);
    throw new AppError(outcome.code, outcome.text);
  }
  log.warn('a change at the registry has no known end; the registry is asked', { domain: row.name, change_id: changeId, err: outcome.kind === 'unknown' ? outcome.cause : undefined });
  const now = await readRegistry(domains, row);
  if (now.kind !== 'found') {
    await postponeChange(platform, row, changeId, ASK_AGAIN_MS);
    throw new AppError('service_unavailable', 'It is not known yet whether the registry took this change; read the domain again in a moment.', { retryAfterS: ASK_AGAIN_MS / 1000 });
  }
  const after = await stored(domains, row, changeId, now.info);
  if (!isTaken(change, now.info)) throw new AppError('supplier_error', 'The registry did not take this change; nothing was changed.');
  return after;
}

export function requireAlive(row: DomainRow, now: Date): void {
  const state = stateAt(row, now);
  if (state === 'on_hold') throw new AppError('suspended', 'The domain is on hold.');
  if (state !== 'active' && state !== 'expired_grace') throw new AppError('state_conflict', `The domain is ${state}; it cannot be changed.`);
}

/** A round of the worker: changes without an owner. True when there is more to do. */
export async function settleAbandonedChanges(domains: Domains): Promise<boolean> {
  await domains.catalogue.ready();
  const { service: { db: { platform }, clock } } = domains;
  const changeId = newId('op', clock.nowMs());
  const rows = await takeOverChanges(platform, changeId, LEASE_MS, SYNC_ROUND);
  for (const row of rows) {
    const answer = await readRegistry(domains, row);
    if (answer.kind === 'found') await finishChange(platform, row, changeId, registryPart(answer.info, domains.catalogue.get(row.tld)), stateOf(answer.info, row), clock.now());
    else await postponeChange(platform, row, changeId, ASK_AGAIN_MS * 6);
  }
  return rows.length === SYNC_ROUND;
}

async function stored(domains: Domains, row: DomainRow, changeId: string, info: NameInfo): Promise<DomainRow> {
  const { service: { db: { platform }, clock } } = domains;
  const after = await finishChange(platform, row, changeId, registryPart(info, domains.catalogue.get(row.tld)), stateOf(info, row), clock.now());
  if (after === null) throw new AppError('busy', undefined, { retryAfterS: 2 });
  return after;
}

function stateOf(info: NameInfo, row: DomainRow): StoredState {
  return info.held_by_us ? row.state : 'transferred_out';
}

function readRegistry(domains: Domains, row: DomainRow): Promise<InfoAnswer> {
  return bounded<InfoAnswer>((signal) => domains.registrars.get(row.registrar).info(row.name, signal));
}

async function bounded<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T | { readonly kind: 'unknown'; readonly cause: unknown }> {
  const signal = AbortSignal.timeout(CALL_LIMIT_MS);
  try {
    return await withAbort(call(signal), signal);
  } catch (cause) {
    return { kind: 'unknown', cause };
  }
}

/** Whether the registry has what was asked for; the auth code itself is never read back, its expiry is. */
function isTaken(change: NameChange, info: NameInfo): boolean {
  const { authCode, contactData: _data, ...rest } = change;
  const wanted = Object.entries(rest).filter(([, value]) => value !== undefined);
  const isAuthTaken = authCode === undefined || (authCode === null ? info.auth_code_expires_at === null : info.auth_code_expires_at?.slice(0, 19) === authCode.expiresAt.toISOString().slice(0, 19));
  return isAuthTaken && wanted.every(([field, value]) => canonical(info[field]) === canonical(value));
}

/** JSON with sorted names: jsonb keeps no order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));
}
