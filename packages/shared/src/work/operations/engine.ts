// The engine of operations: start → act at the supplier with no transaction open → done or failed. Like a purchase
// without money: it never decides on `unknown`; the recovery worker asks the supplier by our reference until it knows.
import { AppError, newId } from '../../ground/contract';
import {
  PURCHASE_TIMES,
  STUCK_AFTER_MS,
  withAbort,
  refusalOfDatabase,
  type EventDraft,
  type JsonObject,
  type LookUp,
  type Outcome,
  type PurchaseDeps,
} from '../purchase';
import type { Rider, Sql, SqlRunner } from '../../base/db';
import { backoffMs } from '../../ground/runtime';
import type { AnyOperationKind, FailedResult, Operation } from './operation';
import { finishRow, postponeRow, startRow, takeOverRows } from './operation-store';

const { actLimitMs, leaseMs, unknownWakeMs } = PURCHASE_TIMES;
const RECOVERY_CALL_LIMIT_MS = 8_000;
const PENDING_WAKE_MS = 2_000;
const BACKOFF = { firstMs: 1_000, lastMs: 300_000 };
const PROGRESS_WHEN_ACCEPTED = 10;

export type OperationDeps = Pick<PurchaseDeps, 'db' | 'clock' | 'log'>;

type ConcludeDeps = Omit<OperationDeps, 'db'> & { readonly db: { readonly platform: SqlRunner } };

export interface OperationRequest {
  readonly kind: AnyOperationKind;
  readonly item: JsonObject;
  readonly subject: string;
  readonly accountId: string;
  readonly product: string;
  /** At most one running operation may hold it, in addition to the product's own lock rows. */
  readonly lockKey: string | null;
  /** Null for operations that Lumi starts itself. */
  readonly keyId: string | null;
  readonly requestId: string;
  /** Set when the id must be known before the start, because a secret is bound to it. */
  readonly id?: string;
  readonly guard?: Sql | null;
  /** Riders of this one request in addition to those of its kind. */
  readonly prepare?: readonly Rider<'started'>[];
  /** The call that records who started it (`noteSql`). */
  readonly note?: Sql;
}

/**
 * Starts it and calls the supplier. Returns the operation as it is then: done, failed or still running. Throws `busy`
 * (id of the other operation in details), `state_conflict` when the guard returns no row, and the refusals of the
 * kind's constraints.
 */
export async function runOperation(deps: OperationDeps, request: OperationRequest): Promise<Operation> {
  const operation = await startOperation(deps, request);
  return concludeOperation(deps, request.kind, operation, await boundedAct(deps, request.kind, operation));
}

async function startOperation(deps: OperationDeps, request: OperationRequest): Promise<Operation> {
  const draft: Operation = {
    seq: null,
    id: request.id ?? newId('op', deps.clock.nowMs()),
    accountId: request.accountId,
    product: request.product,
    kind: request.kind.kind,
    subject: request.subject,
    item: request.item,
    state: 'running',
    progress: 0,
    waitingFor: null,
    supplierRef: null,
    result: null,
    errorCode: null,
    errorText: null,
    requestId: request.requestId,
    attempt: 1,
    stuckSince: null,
    createdAt: deps.clock.now(),
    finishedAt: null,
  };
  const started = await startRow(deps.db.platform, {
    operation: draft,
    lockKey: request.lockKey,
    keyId: request.keyId,
    wakeAfterMs: leaseMs,
    guard: request.guard ?? null,
    prepare: [...(request.kind.prepare?.(draft) ?? []), ...(request.prepare ?? [])],
    note: request.note,
  }).catch((err: unknown) => {
    throw refusalOfDatabase(err, (constraint) =>
      constraint === 'operation_one_running' ? 'busy' : (request.kind.refusalOfConstraint?.(constraint) ?? null),
    );
  });
  if (started.outcome === 'busy') throw busyWith(started.otherOperation);
  if (started.outcome === 'guarded') throw new AppError('state_conflict');
  return { ...draft, createdAt: started.createdAt ?? draft.createdAt };
}

export function busyWith(operationId: string | null): AppError {
  return operationId === null
    ? new AppError('busy')
    : new AppError('busy', undefined, { details: [{ path: 'operation_id', message: operationId }] });
}

/** Stores the supplier's answer. The request, recovery and an operator's decision use it. */
export async function concludeOperation(
  deps: ConcludeDeps,
  kind: AnyOperationKind,
  operation: Operation,
  outcome: Outcome<JsonObject>,
): Promise<Operation> {
  const { platform } = deps.db;
  switch (outcome.kind) {
    case 'done':
      return finish(
        deps,
        operation,
        {
          ...operation,
          state: 'done',
          progress: 100,
          waitingFor: null,
          result: outcome.result,
          supplierRef: outcome.supplierRef ?? operation.supplierRef,
          finishedAt: deps.clock.now(),
        },
        {
          events: kind.events(operation, outcome.result),
          riders: kind.deliver(operation, outcome.result),
        },
      );
    case 'refused': {
      const error = new AppError(outcome.code, outcome.text);
      const result: FailedResult | null = outcome.details === undefined ? null : { details: outcome.details };
      return finish(
        deps,
        operation,
        {
          ...operation,
          state: 'failed',
          waitingFor: null,
          result,
          errorCode: error.code,
          errorText: error.message,
          finishedAt: deps.clock.now(),
        },
        {
          events: [
            {
              type: 'operation.failed',
              subject: operation.subject,
              data: { operation_id: operation.id, kind: operation.kind, code: error.code },
            },
          ],
          riders: kind.undo?.(operation) ?? [],
        },
      );
    }
    case 'pending': {
      const progress = Math.max(operation.progress, PROGRESS_WHEN_ACCEPTED);
      await postponeRow(platform, {
        operation,
        supplierRef: outcome.supplierRef,
        progress,
        wakeAfterMs: outcome.checkAfterMs ?? PENDING_WAKE_MS,
        stuck: kind.mayTakeHours !== true && isStuck(deps, operation),
      });
      return { ...operation, progress, waitingFor: 'supplier', supplierRef: outcome.supplierRef };
    }
    case 'unknown':
      deps.log.warn('supplier outcome unknown; the operation stays open', {
        operation_id: operation.id,
        kind: operation.kind,
        err: outcome.cause,
      });
      await postponeRow(platform, {
        operation,
        supplierRef: null,
        progress: operation.progress,
        wakeAfterMs: operation.attempt === 1 ? unknownWakeMs : backoffMs(operation.attempt - 2, BACKOFF),
        stuck: isStuck(deps, operation),
      });
      return { ...operation, waitingFor: 'supplier' };
  }
}

async function finish(
  deps: ConcludeDeps,
  before: Operation,
  after: Operation,
  rows: {
    events: readonly EventDraft[];
    riders: readonly Rider<'finished'>[];
  },
): Promise<Operation> {
  const nowMs = deps.clock.nowMs();
  const finished = await finishRow(deps.db.platform, {
    operation: before,
    result: after.result,
    error: after.errorCode === null ? null : { code: after.errorCode, text: after.errorText ?? '' },
    supplierRef: after.supplierRef,
    finishedAt: after.finishedAt ?? deps.clock.now(),
    events: rows.events.map((event) => ({ id: newId('evt', nowMs), ...event })),
    riders: rows.riders,
  });
  if (finished) return after;
  deps.log.warn('a late attempt at an operation was fenced', { operation_id: before.id, attempt: before.attempt });
  return before;
}

async function boundedAct(
  deps: OperationDeps,
  kind: AnyOperationKind,
  operation: Operation,
  limitMs = actLimitMs,
): Promise<Outcome<JsonObject>> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    return await withAbort(kind.act(operation, signal), signal);
  } catch (cause) {
    deps.log.warn('a supplier call threw; its outcome counts as unknown', { operation_id: operation.id, err: cause });
    return { kind: 'unknown', cause };
  }
}

/**
 * One round over at most `limit` operations whose deadline has passed; returns how many were taken. Call again while
 * that is `limit`.
 */
export async function recoverOperations(
  deps: OperationDeps,
  kinds: ReadonlyMap<string, AnyOperationKind>,
  product: string,
  limit = 20,
): Promise<number> {
  const due = await takeOverRows(deps.db.platform, { product, limit, leaseMs });
  await Promise.all(
    due.map(async (operation) => {
      const kind = kinds.get(operation.kind);
      if (kind === undefined)
        deps.log.error('no code knows this kind of operation', {
          operation_id: operation.id,
          kind: operation.kind,
          alert: true,
        });
      else await recoverOne(deps, kind, operation);
    }),
  );
  return due.length;
}

async function recoverOne(deps: OperationDeps, kind: AnyOperationKind, operation: Operation): Promise<void> {
  const found = await ask(deps, kind, operation);
  if (found.kind === 'unknown' && isStuck(deps, operation) && operation.stuckSince === null) {
    deps.log.error('an operation cannot be decided; it waits for an operator', {
      operation_id: operation.id,
      kind: operation.kind,
      alert: true,
    });
  }
  await concludeOperation(deps, kind, operation, found);
}

/** The supplier never saw it: send it again under the same reference. */
async function ask(deps: OperationDeps, kind: AnyOperationKind, operation: Operation): Promise<Outcome<JsonObject>> {
  let found: LookUp<JsonObject>;
  try {
    const signal = AbortSignal.timeout(RECOVERY_CALL_LIMIT_MS);
    found = await withAbort(kind.lookUp(operation, signal), signal);
  } catch (cause) {
    return { kind: 'unknown', cause };
  }
  return found.kind === 'absent' ? boundedAct(deps, kind, operation, RECOVERY_CALL_LIMIT_MS) : found;
}

function isStuck(deps: ConcludeDeps, operation: Operation): boolean {
  return deps.clock.nowMs() - operation.createdAt.getTime() > STUCK_AFTER_MS;
}
