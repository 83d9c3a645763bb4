// The SQL of batches. Rows change through the functions of `platform` alone; each call is one statement.
// Raw SQL: functions, and questions about a batch and its items in one.
import { sql, type SqlRunner } from '../../base/db';
import type { Claim, ClaimOutcome } from '../../base/idempotency';
import type { ErrorDetail, Product } from '../../ground/contract';
import type { Units } from '../../ground/money';
import type { Principal } from '../../base/principal';
import type { ItemReport, LeasedItem } from './batch';

export interface PlannedItem {
  readonly ref: string;
  readonly input: unknown;
  readonly twin_of?: number;
  readonly code?: string;
  readonly text?: string;
  readonly details?: readonly ErrorDetail[] | undefined;
}

export interface CreateInput {
  readonly batchId: string;
  readonly accountId: string;
  readonly kind: string;
  readonly form: 'inline' | 'queued';
  readonly onError: 'continue' | 'stop';
  readonly maxTotal: Units | null;
  readonly principal: Principal;
  readonly defaultCap: Units | null;
  readonly claim: Claim;
  readonly items: readonly PlannedItem[];
  /** The stored answer of a queued batch. */
  readonly answer: { readonly status: number; readonly body: Uint8Array; readonly location: string };
}

export async function createBatch(db: SqlRunner, input: CreateInput): Promise<ClaimOutcome> {
  const { principal, claim, answer } = input;
  const rows = await db.$queryRaw<ClaimOutcome[]>(sql`SELECT * FROM platform.batch_create(
    ${input.batchId}, ${input.accountId}, ${principal.product}, ${input.kind}, ${input.form}, ${input.onError},
      ${input.maxTotal}::bigint,
    ${principal.keyId}, ${principal.lineageId}, ${principal.type === 'operator'}, ${input.defaultCap}::bigint,
    ${claim.scope}, ${claim.key}, ${claim.fingerprint}::bytea, ${claim.requestId},
      ${JSON.stringify(input.items)}::jsonb, ${answer.status}::int, ${new Uint8Array(answer.body)}::bytea,
        ${answer.location})`);
  return only(rows);
}

export async function takeItems(
  db: SqlRunner,
  product: Product,
  batchId: string,
  limit: number,
  leaseMs: number,
): Promise<LeasedItem[]> {
  return db.$queryRaw<LeasedItem[]>(
    sql`SELECT item, ref, input, attempt FROM platform.batch_take(${product}, ${batchId}, ${limit}::int,
      ${leaseMs}::int)`,
  );
}

export interface OpenItems {
  readonly waiting: number;
  readonly running: number;
  readonly pending: number;
}

export async function reportItems(
  db: SqlRunner,
  product: Product,
  batchId: string,
  reports: readonly ItemReport[],
): Promise<OpenItems> {
  return only(
    await db.$queryRaw<OpenItems[]>(
      sql`SELECT * FROM platform.batch_report(${product}, ${batchId}, ${JSON.stringify(reports)}::jsonb)`,
    ),
  );
}

/** False: items are still open, or another process finished it. */
export async function finishBatch(
  db: SqlRunner,
  product: Product,
  batchId: string,
  answer: { status: number; body: Uint8Array } | null,
  eventId: string,
): Promise<boolean> {
  const body = answer === null ? null : new Uint8Array(answer.body);
  return only(
    await db.$queryRaw<{ finished: boolean }[]>(
      sql`SELECT platform.batch_finish(${product}, ${batchId}, ${answer?.status ?? null}::int, ${body}::bytea,
        ${eventId}) AS finished`,
    ),
  ).finished;
}

/**
 * Ends the wait of an inline bulk: its answer is now this one, and the worker continues the batch. False: it was
 * finished meanwhile, and has its answer.
 */
export async function answerInline(
  db: SqlRunner,
  product: Product,
  batchId: string,
  answer: { status: number; body: Uint8Array },
): Promise<boolean> {
  return only(
    await db.$queryRaw<{ answered: boolean }[]>(
      sql`SELECT platform.batch_answer(${product}, ${batchId}, ${answer.status}::int,
        ${new Uint8Array(answer.body)}::bytea) AS answered`,
    ),
  ).answered;
}

export async function cancelBatch(
  db: SqlRunner,
  product: Product,
  accountId: string | null,
  batchId: string,
): Promise<'cancelling' | 'finished' | 'not_found'> {
  return only(
    await db.$queryRaw<{ outcome: 'cancelling' | 'finished' | 'not_found' }[]>(
      sql`SELECT platform.batch_cancel(${product}, ${accountId}::text, ${batchId}) AS outcome`,
    ),
  ).outcome;
}

export interface RetryOutcome {
  readonly outcome: 'retried' | 'nothing' | 'open' | 'not_found' | 'invalid_key' | 'no_account' | 'cap' | 'balance';
  readonly total: number | null;
  readonly retried: number | null;
}

export async function retryBatch(
  db: SqlRunner,
  input: {
    product: Product;
    accountId: string;
    batchId: string;
    codes: readonly string[] | null;
    principal: Principal;
    defaultCap: Units | null;
  },
): Promise<RetryOutcome> {
  const { principal } = input;
  return only(
    await db.$queryRaw<RetryOutcome[]>(sql`SELECT * FROM platform.batch_retry(
    ${input.product}, ${input.accountId}, ${input.batchId}, ${input.codes === null ? null : [...input.codes]}::text[],
      ${principal.keyId}, ${principal.lineageId}, ${principal.type === 'operator'}, ${input.defaultCap}::bigint)`),
  );
}

/** How many items `retryBatch` would try again, and whether one of them has auto_renew. */
export async function retryable(
  db: SqlRunner,
  input: { product: Product; accountId: string | null; batchId: string; codes: readonly string[] | null },
): Promise<{ readonly count: number; readonly renews: boolean }> {
  const codes = input.codes === null ? null : [...input.codes];
  return only(
    await db.$queryRaw<{ count: number; renews: boolean }[]>(sql`
    SELECT count(*)::int AS count, coalesce(bool_or(i.input->'auto_renew' = 'true'), false) AS renews
      FROM platform.batch b JOIN platform.batch_item i ON i.batch_id = b.id
    WHERE b.id = ${input.batchId} AND b.product = ${input.product} AND b.account_id = ${input.accountId}::text
      AND b.finished_at IS NOT NULL
      AND i.state = 'failed' AND i.twin_of IS NULL AND (${codes}::text[] IS NULL
        OR i.error_code = ANY (${codes}::text[]))`),
  );
}

/** Stages wake-ups for batches that have work to do and were not touched for a while. Returns how many. */
export async function sweepBatches(db: SqlRunner, product: Product, idleMs: number, limit: number): Promise<number> {
  return only(
    await db.$queryRaw<{ swept: number }[]>(
      sql`SELECT platform.batch_sweep(${product}, ${idleMs}::int, ${limit}::int) AS swept`,
    ),
  ).swept;
}

/** The batches of an account with work to do now, the one untouched for longest first. */
export async function batchesToAdvance(
  db: SqlRunner,
  product: Product,
  accountId: string,
  limit: number,
): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>(sql`
    SELECT b.id FROM platform.batch b WHERE b.product = ${product} AND b.account_id = ${accountId}
      AND b.finished_at IS NULL
      AND (EXISTS (SELECT 1 FROM platform.batch_item i WHERE i.batch_id = b.id AND (i.state = 'waiting'
        OR (i.state = 'running' AND i.lease_until < now())))
           OR NOT EXISTS (SELECT 1 FROM platform.batch_item i WHERE i.batch_id = b.id
             AND i.state IN ('waiting', 'running', 'pending')))
    ORDER BY b.touched_at LIMIT ${limit}::int`);
  return rows.map(({ id }) => id);
}

function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('a function of batches returned no row');
  return row;
}
