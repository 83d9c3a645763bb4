// All things of an account, one after the other: an operation whose supplier call is one small step. How far it is stands in the reference of the operation,
// so a worker that dies costs one step, and any other goes on with it.
import { z } from 'zod';
import type { Product } from '../contract';
import { sql } from '../db';
import { json, type Reply } from '../endpoint';
import { operationKind, operationSchema, runOperation, viewOperation, type AnyOperationKind, type OperationDeps } from '../operations';
import type { Outcome } from '../purchase';
import { elapsedMs } from '../runtime';
import type { SyncEnd } from './sync-once';
import { EVERY_MS, tooSoon } from './turn';

const STEP_MAX = 25;
const AT_ONCE = 5;
/** A step begins no more after this; each thing is bounded by its own time-out. Together shorter than a look-up of recovery may take. */
const STEP_MS = 3_000;

export interface SyncSource {
  readonly product: Product;
  /** `domain` makes the kind `domain_sync` and the event `domain.all_synced`. Stored: it never changes. */
  readonly noun: string;
  /** Things of the account that are not over, in the order of `seq`. */
  next(accountId: string, afterSeq: string, limit: number): Promise<readonly { readonly seq: bigint; readonly id: string }[]>;
  /** Must end by itself after a few seconds. */
  sync(accountId: string, id: string): Promise<SyncEnd>;
}

type Counts = { readonly total: number; readonly changed: number; readonly missing: number; readonly failed: number };
type Reached = Counts & { readonly after: string };

export const syncAllAnswer = {
  description: 'Being done, in small steps; poll the operation. Each thing that changed has its event, and `all_synced` tells how many there were.',
  schema: z.object({ operation_id: z.string(), operation: operationSchema }),
};

export interface SyncOfAll {
  readonly source: SyncSource;
  /** For the recovery of operations: it is what goes on with it. */
  readonly kind: AnyOperationKind;
}

export function syncOfAll(source: SyncSource): SyncOfAll {
  const kind = operationKind<{ noun: string }, Counts>({
    kind: `${source.noun}_sync`,
    mayTakeHours: true,
    act: (operation) => step(source, operation.accountId, { after: '0', total: 0, changed: 0, missing: 0, failed: 0 }),
    lookUp: (operation) => (operation.supplierRef === null ? Promise.resolve({ kind: 'absent' }) : step(source, operation.accountId, JSON.parse(operation.supplierRef) as Reached)), // written below
    deliver: () => [],
    events: (operation, counts) => [{ type: `${source.noun}.all_synced`, subject: operation.subject, data: { operation_id: operation.id, ...counts } }],
  });
  return { source, kind };
}

/** Throws 429 within a minute of the last time, 409 while the last one runs. */
export async function startSyncOfAll(deps: OperationDeps, { source, kind }: SyncOfAll, who: { accountId: string; keyId: string; requestId: string }): Promise<Reply> {
  const { product } = source;
  const rows = await deps.db.platform.$queryRaw<{ left_ms: number }[]>(sql`
    SELECT extract(epoch FROM created_at - now())::float8 * 1000 + ${EVERY_MS}::int AS left_ms FROM platform.operation
    WHERE subject = ${who.accountId} AND account_id = ${who.accountId} AND product = ${product} AND kind = ${kind.kind} AND state <> 'running' ORDER BY seq DESC LIMIT 1`);
  const leftMs = rows[0]?.left_ms ?? 0;
  if (leftMs > 0) throw tooSoon(leftMs);
  const operation = await runOperation(deps, { kind, item: { noun: source.noun }, subject: who.accountId, accountId: who.accountId, product, lockKey: `${kind.kind}:${who.accountId}`, keyId: who.keyId, requestId: who.requestId });
  return json(202, { operation_id: operation.id, operation: viewOperation(operation) }, operation.state === 'running' ? { 'Retry-After': '2' } : undefined);
}

async function step(source: SyncSource, accountId: string, from: Reached): Promise<Outcome<Counts>> {
  const startedMs = elapsedMs();
  const things = await source.next(accountId, from.after, STEP_MAX);
  let reached = from;
  let done = 0;
  while (done < things.length && elapsedMs() - startedMs < STEP_MS) {
    const group = things.slice(done, done + AT_ONCE);
    const ends = await Promise.all(group.map(({ id }) => source.sync(accountId, id)));
    reached = { ...added(reached, ends), after: (group.at(-1)?.seq ?? 0n).toString() };
    done += group.length;
  }
  if (done < things.length || things.length === STEP_MAX) return { kind: 'pending', supplierRef: JSON.stringify(reached), checkAfterMs: 0 };
  const { after: _after, ...counts } = reached;
  return { kind: 'done', result: counts };
}

function added(to: Reached, ends: readonly SyncEnd[]): Reached {
  const count = (...wanted: SyncEnd[]): number => ends.filter((end) => wanted.includes(end)).length;
  return { ...to, total: to.total + ends.length, changed: to.changed + count('changed'), missing: to.missing + count('missing'), failed: to.failed + count('busy', 'unknown') };
}
