// The SQL of operations, one statement each; the product's rows are written in the same statement.
import {
  given,
  seqBefore,
  sql,
  type OperationModel,
  type PlatformClient,
  type Rider,
  type Sql,
  type SqlRunner,
} from '../../base/db';
import { ownedBy, type Reach } from '../../counter/endpoint';
import { riders, type EventDraft, type JsonObject } from '../purchase';
import type { Operation, OperationState, WaitingFor } from './operation';

export interface StartInput {
  readonly operation: Operation;
  readonly lockKey: string | null;
  readonly keyId: string | null;
  readonly wakeAfterMs: number;
  /**
   * Returns one row with the column `subject` when the object's state allows the operation; otherwise no row. May
   * change the object.
   */
  readonly guard: Sql | null;
  readonly prepare: readonly Rider<'started'>[];
  /** The call that records who started it (`noteSql`), in the same statement and only if it starts. */
  readonly note?: Sql | undefined;
}

export interface StartOutcome {
  /** `guarded`: the guard returned nothing. */
  readonly outcome: 'started' | 'busy' | 'guarded';
  readonly otherOperation: string | null;
  readonly createdAt: Date | null;
}

export async function startRow(db: SqlRunner, input: StartInput): Promise<StartOutcome> {
  const { operation } = input;
  // Raw SQL: a function with its guard and riders.
  const rows = await db.$queryRaw<
    { outcome: 'started' | 'busy'; other_operation: string | null; created_at: Date | null }[]
  >(sql`
    WITH guard AS (${input.guard ?? sql`SELECT ${operation.subject}::text AS subject`}),
    started AS (SELECT s.* FROM guard CROSS JOIN LATERAL platform.operation_start(
      ${operation.id}, ${operation.accountId}, ${operation.product}, ${operation.kind}, guard.subject,
        ${JSON.stringify(operation.item)}::jsonb,
      ${input.lockKey}::text, ${input.keyId}::text, ${operation.requestId},
        ${input.wakeAfterMs}::int) s)${riders('prepared', input.prepare)}
    SELECT outcome, other_operation, created_at,
      ${input.note === undefined ? sql`NULL` : sql`CASE WHEN outcome = 'started' THEN ${input.note} END`} AS noted
    FROM started`);
  const row = rows[0];
  return row === undefined
    ? { outcome: 'guarded', otherOperation: null, createdAt: null }
    : { outcome: row.outcome, otherOperation: row.other_operation, createdAt: row.created_at };
}

export interface FinishInput {
  readonly operation: Operation;
  readonly result: JsonObject | null;
  readonly error: { readonly code: string; readonly text: string } | null;
  readonly supplierRef: string | null;
  readonly finishedAt: Date;
  readonly events: readonly (EventDraft & { readonly id: string })[];
  readonly riders: readonly Rider<'finished'>[];
}

/** False, with nothing changed: a later attempt owns the operation, or it is already over. */
export async function finishRow(db: SqlRunner, input: FinishInput): Promise<boolean> {
  // Raw SQL: a function with riders.
  const rows = await db.$queryRaw<{ finished: boolean }[]>(sql`
    WITH finished AS (SELECT * FROM platform.operation_finish(
      ${input.operation.id}, ${input.operation.attempt}::int,
        ${input.result === null ? null : JSON.stringify(input.result)}::jsonb, ${input.error?.code ?? null}::text,
      ${input.error?.text ?? null}::text, ${input.supplierRef}::text, ${input.finishedAt}::timestamptz,
      ${input.events.length === 0 ? null : JSON.stringify(input.events)}::jsonb))${riders('delivered', input.riders)}
    SELECT finished FROM finished`);
  return rows[0]?.finished === true;
}

export async function postponeRow(
  db: SqlRunner,
  input: { operation: Operation; supplierRef: string | null; progress: number; wakeAfterMs: number; stuck: boolean },
): Promise<boolean> {
  // Raw SQL: a function.
  const rows = await db.$queryRaw<{ postponed: boolean }[]>(sql`
    SELECT platform.operation_postpone(${input.operation.id}, ${input.operation.attempt}::int,
      ${input.supplierRef}::text, ${input.progress}::int, ${input.wakeAfterMs}::int, ${input.stuck}) AS postponed`);
  return rows[0]?.postponed === true;
}

export async function takeOverRows(
  db: SqlRunner,
  input: { product: string; limit: number; leaseMs: number },
): Promise<Operation[]> {
  // Raw SQL: a function.
  const rows = await db.$queryRaw<OperationModel[]>(
    sql`SELECT * FROM platform.operation_take_over(${input.product}, ${input.limit}::int, ${input.leaseMs}::int)`,
  );
  return rows.map(operationOfRow);
}

export async function findOperation(
  db: Pick<PlatformClient, 'operation'>,
  reach: Reach,
  product: string,
  id: string,
): Promise<Operation | null> {
  const row = await db.operation.findFirst({ where: { id, product, ...ownedBy(reach) } });
  return row === null ? null : operationOfRow(row);
}

export interface OperationFilter {
  readonly subject?: string | undefined;
  readonly kind?: string | undefined;
  readonly state?: OperationState | undefined;
}

/** Newest first, one more than the limit. */
export async function listOperations(
  db: Pick<PlatformClient, 'operation'>,
  reach: Reach,
  product: string,
  filter: OperationFilter,
  page: { limit: number; beforeSeq: string | null },
): Promise<Operation[]> {
  const rows = await db.operation.findMany({
    where: { product, ...ownedBy(reach), ...given(filter), ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
  return rows.map(operationOfRow);
}

export function operationOfRow(row: OperationModel): Operation {
  return {
    seq: row.seq,
    id: row.id,
    accountId: row.account_id,
    product: row.product,
    kind: row.kind,
    subject: row.subject,
    item: row.item as JsonObject,
    state: row.state as OperationState,
    waitingFor: row.waiting_for as WaitingFor | null, // check constraints of the table
    progress: row.progress,
    supplierRef: row.supplier_ref,
    result: row.result as JsonObject | null,
    errorCode: row.error_code,
    errorText: row.error_text,
    requestId: row.request_id,
    attempt: row.attempt,
    stuckSince: row.stuck_since,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}
