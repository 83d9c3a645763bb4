// A free change that happens at the registry: name servers, lock, privacy, contacts, DS, glue, auth code. One change at
// a time for each domain. We store what the registry answers, never what was requested. When the process of a change
// dies, or its end is unknown, its lease ends; then the worker asks the registry.
import { AppError, assertNever, newId } from '@lumi/shared/contract';
import type { Outcome } from '@lumi/shared/purchase';
import type { Loop } from '@lumi/shared/service';
import { orUnknown } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import {
  beginChange,
  finishChange,
  finishChangeOfMissing,
  isAnyChangeAbandoned,
  postponeChange,
  releaseChange,
  takeOverChanges,
} from '../store/domain-store';
import type { DeleteCommand, InfoAnswer, NameChange, NameInfo } from '../supplier/registrar';
import { eventsOfChange } from './change-events';
import { MISSING_TEXT, registryPart, type DomainRow, type RegistryPart, type StoredState } from './domain-row';
import { stateAt } from './lifecycle';
import { withDomainTruth } from './sync-domain';

const CALL_LIMIT_MS = 10_000;
/** Longer than the call, the reading after it and the writing together. */
const LEASE_MS = 30_000;
const ASK_AGAIN_MS = 5_000;
const SYNC_ROUND = 10;

/**
 * Returns the domain after the change; `by` is the id of the key that asks for it. Throws `busy`, `state_conflict`,
 * `suspended`, the registry's refusal, or 503 while the end is unknown.
 */
export function changeAtRegistry(
  domains: DomainsDeps,
  row: DomainRow,
  change: NameChange,
  by: string,
): Promise<DomainRow> {
  return runChange(domains, row, {
    by,
    act: (command, signal) => domains.registrars.get(row.registrar).update({ ...command, change }, signal),
    isTaken: (answer) => answer.kind === 'found' && isTaken(change, answer.info),
    readAfterDone: false,
    deletes: false,
  });
}

/** Deletes the name at the registry. */
export function deleteAtRegistry(domains: DomainsDeps, row: DomainRow, by: string): Promise<DomainRow> {
  return runChange(domains, row, {
    by,
    act: (command, signal) => domains.registrars.get(row.registrar).delete(command, signal),
    isTaken: (answer) => answer.kind === 'absent' || (answer.kind === 'found' && answer.info.deleted_at !== null),
    readAfterDone: true,
    deletes: true,
  });
}

interface RegistryChange {
  readonly by: string;
  act(command: DeleteCommand, signal: AbortSignal): Promise<Outcome<NameInfo>>;
  isTaken(answer: InfoAnswer): boolean;
  /** Whether the command's own answer leaves the new state of the name open. */
  readonly readAfterDone: boolean;
  readonly deletes: boolean;
}

async function runChange(domains: DomainsDeps, row: DomainRow, change: RegistryChange): Promise<DomainRow> {
  const {
    service: {
      db: { platform },
      clock,
      log,
    },
  } = domains;
  requireAlive(row, clock.now());
  const changeId = newId('op', clock.nowMs());
  if (!(await beginChange(platform, row, changeId, { leaseMs: LEASE_MS, deletes: change.deletes })))
    throw new AppError('busy', undefined, { retryAfterS: 2 });
  const outcome = await orUnknown<Outcome<NameInfo>>(
    (signal) => change.act({ ref: changeId, name: row.name, tld: row.tld, sentAt: clock.now() }, signal),
    CALL_LIMIT_MS,
  );
  if (outcome.kind === 'refused') {
    await releaseChange(domains.db, row, changeId);
    const { code, text, details } = await withDomainTruth(
      domains,
      { accountId: row.account_id, domain: row.name, orderId: null },
      outcome,
    );
    throw new AppError(code, text, details === undefined ? {} : { details });
  }
  const asked = { ...row, change_deletes: change.deletes };
  if (outcome.kind === 'done' && !change.readAfterDone)
    return requireStored(
      await storeAnswer(domains, asked, changeId, { kind: 'found', info: outcome.result }, change.by),
    );
  if (outcome.kind !== 'done')
    log.warn('a change at the registry has no known end; the registry is asked', {
      domain: row.name,
      change_id: changeId,
      err: outcome.kind === 'unknown' ? outcome.cause : undefined,
    });
  const answer = await readRegistry(domains, row);
  const after = await storeAnswer(domains, asked, changeId, answer, change.by);
  if (answer.kind === 'unknown')
    throw new AppError(
      'service_unavailable',
      'It is not known yet whether the registry took this change; read the domain again in a moment.',
      { retryAfterS: ASK_AGAIN_MS / 1000 },
    );
  if (!change.isTaken(answer))
    throw new AppError('supplier_error', 'The registry did not take this change; nothing was changed.');
  return requireStored(after);
}

export function requireAlive(row: DomainRow, now: Date): void {
  const state = stateAt(row, now);
  if (row.missing_since !== null) throw new AppError('state_conflict', MISSING_TEXT);
  if (state === 'on_hold') throw new AppError('suspended', 'The domain is on hold.');
  if (state !== 'active' && state !== 'expired_grace')
    throw new AppError('state_conflict', `The domain is ${state}; it cannot be changed.`);
}

/** For the worker: changes without an owner. */
export function abandonedChangesLoop(domains: DomainsDeps): Loop {
  return {
    name: 'abandoned-changes',
    everyMs: 2_000,
    due: isAnyChangeAbandoned,
    run: () => settleAbandonedChanges(domains),
  };
}

/** One round. Returns true when there is more to do. */
async function settleAbandonedChanges(domains: DomainsDeps): Promise<boolean> {
  await domains.catalogue.ready();
  const {
    service: {
      db: { platform },
      clock,
    },
  } = domains;
  const changeId = newId('op', clock.nowMs());
  const rows = await takeOverChanges(platform, changeId, LEASE_MS, SYNC_ROUND);
  for (const row of rows) await storeAnswer(domains, row, changeId, await readRegistry(domains, row), null);
  return rows.length === SYNC_ROUND;
}

/**
 * Writes what the registry has and ends the change. Returns null when the change stays open: the registry did not
 * answer, or another process took over.
 */
function storeAnswer(
  domains: DomainsDeps,
  row: DomainRow,
  changeId: string,
  answer: InfoAnswer,
  actor: string | null,
): Promise<DomainRow | null> {
  const {
    service: {
      db: { platform },
      clock,
    },
  } = domains;
  const tld = domains.catalogue.get(row.tld);
  const finish = (part: RegistryPart, state: StoredState): Promise<DomainRow | null> => {
    const now = clock.now();
    const events = eventsOfChange(row, { ...row, ...part, state }, { tld, now, actor });
    return finishChange(platform, row, changeId, part, state, { events, now });
  };
  switch (answer.kind) {
    case 'found':
      return finish(registryPart(answer.info, tld), stateOf(answer.info, row));
    case 'absent':
      return row.change_deletes ? finish(row, 'deleted') : finishChangeOfMissing(platform, row, changeId, clock.now());
    case 'unknown':
      return postponeChange(platform, row, changeId, ASK_AGAIN_MS).then(() => null);
    default:
      return assertNever(answer);
  }
}

function requireStored(after: DomainRow | null): DomainRow {
  if (after === null) throw new AppError('busy', undefined, { retryAfterS: 2 });
  return after;
}

function stateOf(info: NameInfo, row: DomainRow): StoredState {
  return info.held_by_us ? row.state : 'transferred_out';
}

function readRegistry(domains: DomainsDeps, row: DomainRow): Promise<InfoAnswer> {
  return orUnknown<InfoAnswer>((signal) => domains.registrars.get(row.registrar).info(row.name, signal), CALL_LIMIT_MS);
}

/** Whether the registry has the requested values. The auth code itself is never read back; its expiry is. */
function isTaken(change: NameChange, info: NameInfo): boolean {
  const { authCode, contactData: _data, ...rest } = change;
  const wanted = Object.entries(rest).filter(([, value]) => value !== undefined);
  const isAuthTaken =
    authCode === undefined ||
    (authCode === null
      ? info.auth_code_expires_at === null
      : info.auth_code_expires_at?.slice(0, 19) === authCode.expiresAt.toISOString().slice(0, 19));
  return isAuthTaken && wanted.every(([field, value]) => canonical(info[field]) === canonical(value));
}

/** JSON with sorted names, because jsonb keeps no order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
