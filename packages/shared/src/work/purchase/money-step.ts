// The SQL calls of a purchase, one statement each. The product's own rows ride in the same statement as further CTEs.
// Raw SQL: the money step: functions with riders, in shared statements (decisions 0005 and 0006).
import { AppError } from '../../ground/contract';
import {
  emptySql,
  joinSql,
  perRunner,
  rawSql,
  SharedStatement,
  sql,
  withPatience,
  type OrderModel,
  type Patience,
  type Rider,
  type Sql,
  type SqlRunner,
} from '../../base/db';
import type { Claim, ClaimOutcome } from '../../base/idempotency';
import type { Units } from '../../ground/money';
import type { EventDraft } from './thing-sold';
import type { CostLine } from './terms';
import type { JsonObject, Order } from './thing-sold';
import { orderOfRow } from './order-row';

export interface BeginInput {
  readonly order: Order;
  readonly lockKey: string | null;
  readonly claim: Pick<Claim, 'scope' | 'key' | 'fingerprint'> | null;
  readonly keyId: string;
  readonly lineageId: string;
  readonly isOperator: boolean;
  readonly defaultCap: Units | null;
  readonly wakeAfterMs: number;
  readonly dryRun: boolean;
  /** The SELECT of the present facts, see ThingSold; null when there are none to check. */
  readonly termsNow: Sql | null;
  readonly prepare: readonly Rider<'begun'>[];
  /** See ThingSold. */
  readonly hasRowsOfItsOwn: boolean;
}

export interface BeginOutcome extends ClaimOutcome {
  readonly other_order: string | null;
  readonly created_at: Date | null;
}

export async function begin(db: SqlRunner, input: BeginInput): Promise<BeginOutcome> {
  if ((input.prepare.length === 0 && input.termsNow === null) || input.hasRowsOfItsOwn)
    return groupsOf(db).begin.run(input);
  return only(await beginTogether(db, [input], 'full'));
}

async function beginTogether(
  db: SqlRunner,
  inputs: readonly BeginInput[],
  patience: Patience,
): Promise<BeginOutcome[]> {
  const calls = inputs.map((input, n) => {
    const { order, claim } = input;
    return sql`SELECT ${numbered(n)} AS n, b.* FROM platform.purchase_begin(
      p_order_id => ${n === 0 ? withPatience(order.id, patience) : order.id}, p_account_id => ${order.accountId},
        p_product => ${order.product}, p_kind => ${order.kind},
      p_subject => ${order.subject}, p_item => ${JSON.stringify(order.item)}::jsonb,
        p_terms => ${JSON.stringify(order.terms)}::jsonb, p_price => ${order.price}::bigint,
      p_lock_key => ${input.lockKey}::text, p_key_id => ${input.keyId}, p_lineage_id => ${input.lineageId},
        p_operator => ${input.isOperator},
      p_default_cap => ${input.defaultCap}::bigint, p_idem_scope => ${claim?.scope ?? null}::text,
        p_idem_key => ${claim?.key ?? null}::text,
      p_fingerprint => ${claim?.fingerprint ?? null}::bytea, p_request_id => ${order.requestId},
        p_batch_id => ${order.batchId}::text, p_batch_item => ${order.batchItem}::int,
      p_reference => ${order.reference}::text, p_tags => ${[...order.tags]}::text[],
        p_metadata => ${order.metadata === null ? null : JSON.stringify(order.metadata)}::jsonb,
      p_wake_after_ms => ${input.wakeAfterMs}::int, p_dry_run => ${input.dryRun}) b`;
  });
  const rows = await db.$queryRaw<
    (BeginOutcome & { n: number })[]
  >(sql`WITH begun AS (${joinSql(calls, ' UNION ALL ')})${joinSql([emptySql, ...inputs.map(guardOf)], '')}${ridersOf(
    'begun',
    'prepared',
    inputs.map(({ prepare, termsNow }) => ({ statements: prepare, isGuarded: termsNow !== null })),
  )}
    SELECT n, outcome, status, body, location, first_request_id, other_order, created_at
      FROM begun${joinSql([emptySql, ...inputs.map(guardAsked)], '')}`);
  return inOrder(rows);
}

/**
 * The guard of the hold: `, guard_<n> AS (…)`. The rows are read and locked after the wallet (a scalar subquery runs
 * when the row before it is there), so that holds and settlements lock in one order. They are locked before the
 * product's rows are written, which read `begun` through the guard. `platform.terms_hold` compares them.
 */
function guardOf({ order, termsNow }: BeginInput, n: number): Sql {
  if (termsNow === null) return emptySql;
  return sql`, ${guardName(n)} AS MATERIALIZED (
      SELECT platform.terms_hold(${JSON.stringify(order.terms)}::jsonb, (SELECT facts FROM (${termsNow}) now)) AS holds
        FROM begun WHERE begun.n = ${numbered(n)} AND begun.outcome = 'held')`;
}

/** PostgreSQL does not run a CTE that is never read. */
function guardAsked({ termsNow }: BeginInput, n: number): Sql {
  return termsNow === null
    ? emptySql
    : sql` ${rawSql(n === 0 ? 'WHERE' : 'AND')} (SELECT coalesce(bool_and(holds), true) FROM ${guardName(n)})`;
}

function guardName(n: number): Sql {
  return rawSql(`guard_${String(n)}`);
}

export interface SettleInput {
  readonly orderId: string;
  readonly accountId: string;
  readonly attempt: number;
  /** Null releases. */
  readonly charge: Units | null;
  /** Null: all of the terms, or nothing. */
  readonly delivered: readonly CostLine[] | null;
  readonly transferId: string;
  readonly description: string;
  readonly answer: { readonly status: number; readonly body: Uint8Array; readonly location: string | null };
  readonly result: JsonObject | null;
  readonly refusal: { readonly code: string; readonly text: string } | null;
  readonly supplierRef: string | null;
  readonly settledAt: Date;
  readonly events: readonly (EventDraft & { readonly id: string })[];
  readonly deliver: readonly Rider<'settled'>[];
  readonly hasRowsOfItsOwn: boolean;
}

/** False, with nothing changed: a later attempt owns the order, or it is already final. */
export async function settle(
  { db: { direct }, isInTransaction }: { readonly db: { readonly direct: SqlRunner }; readonly isInTransaction?: true },
  input: SettleInput,
): Promise<boolean> {
  if (isInTransaction !== true && (input.deliver.length === 0 || input.hasRowsOfItsOwn))
    return groupsOf(direct).settle.run(input);
  return only(await settleTogether(direct, [input], 'full'));
}

async function settleTogether(db: SqlRunner, inputs: readonly SettleInput[], patience: Patience): Promise<boolean[]> {
  const calls = inputs.map(
    (input, n) => sql`SELECT ${numbered(n)} AS n, s.* FROM platform.purchase_settle(
      ${n === 0 ? withPatience(input.orderId, patience) : input.orderId}, ${input.attempt}::int,
        ${input.charge}::bigint, ${input.delivered === null ? null : JSON.stringify(input.delivered)}::jsonb,
          ${input.transferId}, ${input.description},
      ${input.answer.status}::int, ${new Uint8Array(input.answer.body)}::bytea, ${input.answer.location}::text,
        ${input.result === null ? null : JSON.stringify(input.result)}::jsonb,
      ${input.refusal?.code ?? null}::text, ${input.refusal?.text ?? null}::text, ${input.supplierRef}::text,
        ${input.settledAt}::timestamptz,
      ${input.events.length === 0 ? null : JSON.stringify(input.events)}::jsonb) s`,
  );
  const rows = await db.$queryRaw<
    { n: number; settled: boolean }[]
  >(sql`WITH settled AS (${joinSql(calls, ' UNION ALL ')})${ridersOf(
    'settled',
    'delivered',
    inputs.map(({ deliver }) => ({ statements: deliver, isGuarded: false })),
  )}
    SELECT n, settled FROM settled`);
  return inOrder(rows).map(({ settled }) => settled);
}

export async function postpone(
  db: SqlRunner,
  input: {
    orderId: string;
    attempt: number;
    state: 'acting' | 'pending';
    supplierRef: string | null;
    wakeAfterMs: number;
    stuck: boolean;
  },
): Promise<boolean> {
  const rows = await db.$queryRaw<{ postponed: boolean }[]>(sql`
    SELECT platform.purchase_postpone(${input.orderId}, ${input.attempt}::int, ${input.state},
      ${input.supplierRef}::text, ${input.wakeAfterMs}::int, ${input.stuck}) AS postponed`);
  return rows[0]?.postponed === true;
}

export async function takeOver(
  db: SqlRunner,
  input: { product: string; limit: number; leaseMs: number },
): Promise<Order[]> {
  const rows = await db.$queryRaw<OrderModel[]>(
    sql`SELECT * FROM platform.purchase_take_over(${input.product}, ${input.limit}::int, ${input.leaseMs}::int)`,
  );
  return rows.map(orderOfRow);
}

/** Purchases through the same pool share its statements. */
const groupsOf = perRunner((db) => ({
  begin: new SharedStatement<BeginInput, BeginOutcome>({
    run: (inputs, patience) => beginTogether(db, inputs, patience),
    shapeOf: ({ prepare, termsNow }) => shapeOf(termsNow === null ? prepare : [termsNow, ...prepare]),
    lockOf: ({ order }) => order.accountId,
    tooLate: () =>
      new AppError(
        'service_unavailable',
        'There is too much to do right now; nothing was charged. Try again shortly.',
        { retryAfterS: 5 },
      ),
  }),
  settle: new SharedStatement<SettleInput, boolean>({
    run: (inputs, patience) => settleTogether(db, inputs, patience),
    shapeOf: ({ deliver }) => shapeOf(deliver),
    lockOf: ({ accountId }) => accountId,
  }),
}));

function shapeOf(statements: readonly Sql[]): string {
  return statements.map(({ text }) => text).join(';');
}

/** Part of the text, not a parameter: the number of a call inside its group. */
function numbered(n: number): Sql {
  return rawSql(String(n));
}

function only<T>(answers: readonly T[]): T {
  const [answer] = answers;
  if (answer === undefined) throw new Error('a statement of the money step returned no row');
  return answer;
}

function inOrder<Row extends { n: number }>(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => a.n - b.n);
}

/** `, <name>_0 AS (…), <name>_1 AS (…)`: the product's statements as CTEs after the platform's call. */
export function riders(name: string, statements: readonly Sql[]): Sql {
  if (statements.length === 0) return emptySql;
  return joinSql(
    statements.map((statement, index) =>
      joinSql([rawSql(`, ${name}_${String(index)} AS (`), statement, rawSql(')')], ''),
    ),
    '',
  );
}

/**
 * The same after the calls of a group. Each sees only the row of its own call, under the expected name, and only if its
 * guard passed.
 */
function ridersOf(
  source: 'begun' | 'settled',
  name: 'prepared' | 'delivered',
  calls: readonly { readonly statements: readonly Sql[]; readonly isGuarded: boolean }[],
): Sql {
  return joinSql(
    [
      emptySql,
      ...calls.map(({ statements, isGuarded }, n) => {
        const passed = isGuarded ? `AND (SELECT bool_and(holds) FROM guard_${String(n)})` : '';
        return riders(
          `${name}_${String(n)}`,
          statements.map((statement) =>
            joinSql(
              [rawSql(`WITH ${source} AS (SELECT * FROM ${source} WHERE n = ${String(n)} ${passed}) `), statement],
              '',
            ),
          ),
        );
      }),
    ],
    '',
  );
}
