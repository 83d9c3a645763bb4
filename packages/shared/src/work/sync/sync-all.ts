// Syncs all objects of an account, one after the other: an operation whose supplier call is one small step. Its
// position is stored in the reference of the operation, so a worker that dies costs one step, and any other continues.
// With any number of objects a step is short, other work is done between two steps, and an account has one such
// operation of a kind at a time.
import type { Product } from '../../ground/contract';
import type { NounOf } from '../../ground/events';
import type { Reach } from '../../counter/endpoint';
import { operationKind, type AnyOperationKind } from '../operations';
import type { Outcome } from '../purchase';
import { elapsedMs } from '../../ground/runtime';
import type { SyncEnd } from './sync-once';

export const STEP_MAX = 25;
export const AT_ONCE = 5;
/**
 * No group begins after this time; each object is bounded by its own time-out. Together this is shorter than a look-up
 * of recovery may take.
 */
const STEP_MS = 500;
/** Work that has become due meanwhile comes before the next step. */
const PAUSE_MS = 250;

/** Where to go on in the list of an account. */
export interface SyncFrom {
  readonly accountId: string;
  readonly afterSeq: string;
  readonly limit: number;
}

export interface SyncNext {
  readonly seq: bigint;
  readonly id: string;
}

export interface SyncSource {
  readonly product: Product;
  /** `domain` makes the kind `domain_sync` and the event `domain.all_synced`. Stored; never changed. */
  readonly noun: NounOf<'all_synced'>;
  /** Objects of the account that have not ended, in the order of `seq`. */
  next(from: SyncFrom): Promise<readonly SyncNext[]>;
  /** Must end within a few seconds. */
  sync(reach: Reach, id: string): Promise<{ readonly kind: SyncEnd }>;
}

type Counts = { readonly total: number; readonly changed: number; readonly missing: number; readonly failed: number };
type Reached = Counts & { readonly after: string };

export interface SyncOfAll {
  readonly source: SyncSource;
  /** For the recovery of operations, which continues it. */
  readonly kind: AnyOperationKind;
}

export function syncOfAll(source: SyncSource): SyncOfAll {
  const kind = operationKind<{ noun: string }, Counts>({
    kind: `${source.noun}_sync`,
    mayTakeHours: true,
    act: (operation) => step(source, operation.accountId, { after: '0', total: 0, changed: 0, missing: 0, failed: 0 }),
    lookUp: (operation) =>
      operation.supplierRef === null
        ? Promise.resolve({ kind: 'absent' })
        : step(source, operation.accountId, JSON.parse(operation.supplierRef) as Reached), // written below
    deliver: () => [],
    events: (operation, counts) => [
      {
        type: `${source.noun}.all_synced`,
        subject: operation.subject,
        data: { operation_id: operation.id, ...counts },
      },
    ],
  });
  return { source, kind };
}

async function step(source: SyncSource, accountId: string, from: Reached): Promise<Outcome<Counts>> {
  const startedMs = elapsedMs();
  const reach: Reach = { kind: 'account', accountId };
  const things = await source.next({ accountId, afterSeq: from.after, limit: STEP_MAX });
  let reached = from;
  let done = 0;
  while (done < things.length && elapsedMs() - startedMs < STEP_MS) {
    const group = things.slice(done, done + AT_ONCE);
    const ends = await Promise.all(group.map(async ({ id }) => (await source.sync(reach, id)).kind));
    reached = { ...added(reached, ends), after: (group.at(-1)?.seq ?? 0n).toString() };
    done += group.length;
  }
  if (done < things.length || things.length === STEP_MAX)
    return { kind: 'pending', supplierRef: JSON.stringify(reached), checkAfterMs: PAUSE_MS };
  const { after: _after, ...counts } = reached;
  return { kind: 'done', result: counts };
}

function added(to: Reached, ends: readonly SyncEnd[]): Reached {
  const count = (...wanted: SyncEnd[]): number => ends.filter((end) => wanted.includes(end)).length;
  return {
    ...to,
    total: to.total + ends.length,
    changed: to.changed + count('changed'),
    missing: to.missing + count('missing'),
    failed: to.failed + count('busy', 'unknown'),
  };
}
