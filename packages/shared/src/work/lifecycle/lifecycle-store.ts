// The SQL of the lifecycle, one statement each; the product's rows ride in the statement that makes a step.
// Raw SQL: functions with riders, and questions that combine the SELECT of a product with its rows.
import { sql, type Rider, type Sql, type SqlRunner } from '../../base/db';
import { riders, type EventDraft } from '../purchase';
import type { LifecycleSource } from './source';

export interface Tracked {
  readonly resource: string;
  readonly accountId: string;
  readonly term: Date;
  readonly done: readonly string[];
  readonly tries: number;
  readonly stuckSince: Date | null;
  /** Fencing token: only the holder of the current attempt may make a step. */
  readonly attempt: number;
}

type Whose = Pick<LifecycleSource, 'product' | 'noun'>;

/** Takes up objects that came near their expiry or changed, at most `limit`; returns how many. */
export async function track(
  db: SqlRunner,
  source: LifecycleSource,
  until: Date,
  now: Date,
  limit: number,
): Promise<number> {
  const rows = await db.$queryRaw<{ count: number }[]>(sql`
    WITH live AS (${source.live(until)}), changed AS (
      SELECT s.id, s.account_id, s.expires_at, s.auto_renew, s.price FROM live s LEFT JOIN platform.lifecycle l
        ON l.product = ${source.product} AND l.resource = s.id
      WHERE l.resource IS NULL OR l.parked_at IS NOT NULL OR l.term <> s.expires_at OR l.auto_renew <> s.auto_renew
        OR l.price IS DISTINCT FROM s.price ORDER BY s.expires_at LIMIT ${limit}::int)
    SELECT platform.lifecycle_track(${source.product}, ${source.noun}, coalesce(jsonb_agg(to_jsonb(changed)),
      '[]'::jsonb), ${now}::timestamptz) AS count FROM changed`);
  return rows[0]?.count ?? 0;
}

/** Releases objects that are not near their expiry, or over. */
export async function park(
  db: SqlRunner,
  source: LifecycleSource,
  until: Date,
  now: Date,
  limit: number,
): Promise<number> {
  const rows = await db.$queryRaw<{ count: number }[]>(sql`
    WITH live AS (${source.live(until)}), gone AS (
      SELECT l.resource FROM platform.lifecycle l LEFT JOIN live s ON s.id = l.resource
      WHERE l.product = ${source.product} AND l.noun = ${source.noun} AND l.parked_at IS NULL AND s.id IS NULL
        LIMIT ${limit}::int)
    SELECT platform.lifecycle_park(${source.product}, coalesce(array_agg(gone.resource), '{}'),
      ${now}::timestamptz) AS count FROM gone`);
  return rows[0]?.count ?? 0;
}

export async function take(
  db: SqlRunner,
  { product, noun }: Whose,
  now: Date,
  limit: number,
  leaseMs: number,
): Promise<Tracked[]> {
  const rows = await db.$queryRaw<TrackedRow[]>(
    sql`SELECT * FROM platform.lifecycle_take(${product}, ${noun}, ${now}::timestamptz, ${limit}::int,
      ${leaseMs}::int)`,
  );
  return rows.map((row) => ({
    resource: row.resource,
    accountId: row.account_id,
    term: row.term,
    done: row.done,
    tries: row.tries,
    stuckSince: row.stuck_since,
    attempt: row.attempt,
  }));
}

interface Advance {
  readonly step: string;
  readonly holds: Sql;
  readonly now: Date;
  readonly events: readonly (EventDraft & { readonly id: string })[];
  readonly deliver: readonly Rider<'advanced'>[];
}

/** False, with nothing changed: the condition no longer holds, another worker has it, or the step was already made. */
export async function advance(db: SqlRunner, { product }: Whose, tracked: Tracked, step: Advance): Promise<boolean> {
  const rows = await db.$queryRaw<{ advanced: boolean }[]>(sql`
    WITH advanced AS (SELECT * FROM platform.lifecycle_advance(
      ${product}, ${tracked.resource}, ${tracked.attempt}::int, ${step.step}, (${step.holds}), ${step.now}::timestamptz,
      ${step.events.length === 0 ? null : JSON.stringify(step.events)}::jsonb))${riders('delivered', step.deliver)}
    SELECT advanced FROM advanced`);
  return rows[0]?.advanced === true;
}

export async function sleep(
  db: SqlRunner,
  { product }: Whose,
  tracked: Tracked,
  until: Date | null,
  failure?: { stuckSince: Date | null },
): Promise<void> {
  await db.$queryRaw(sql`
    SELECT platform.lifecycle_sleep(${product}, ${tracked.resource}, ${tracked.attempt}::int, ${until}::timestamptz,
      ${failure !== undefined}, ${failure?.stuckSince ?? null}::timestamptz)`);
}

export interface Turn {
  readonly accountId: string;
  readonly attempt: number;
}

export async function takeTurns(
  db: SqlRunner,
  { product, noun }: Whose,
  now: Date,
  limit: number,
  leaseMs: number,
): Promise<Turn[]> {
  const rows = await db.$queryRaw<{ account_id: string; attempt: number }[]>(
    sql`SELECT account_id, attempt FROM platform.auto_renew_take(${product}, ${noun}, ${now}::timestamptz,
      ${limit}::int, ${leaseMs}::int)`,
  );
  return rows.map((row) => ({ accountId: row.account_id, attempt: row.attempt }));
}

export async function giveBack(db: SqlRunner, { product, noun }: Whose, turn: Turn, now: Date): Promise<void> {
  await db.$queryRaw(
    sql`SELECT platform.auto_renew_give_back(${product}, ${noun}, ${turn.accountId}, ${turn.attempt}::int,
      ${now}::timestamptz)::text`,
  );
}

export interface DueRenewal {
  readonly resource: string;
  readonly term: Date;
  /** The same with microseconds, to be sent back unchanged. */
  readonly termText: string;
  readonly round: number;
}

export async function dueRenewals(
  db: SqlRunner,
  { product, noun }: Whose,
  accountId: string,
  now: Date,
  limit: number,
): Promise<DueRenewal[]> {
  const rows = await db.$queryRaw<{ resource: string; term: Date; term_text: string; renew_round: number }[]>(sql`
    SELECT resource, term, term::text AS term_text, renew_round FROM platform.lifecycle
    WHERE product = ${product} AND noun = ${noun} AND account_id = ${accountId} AND renew_at <= ${now}::timestamptz
      ORDER BY term, resource LIMIT ${limit}::int`);
  return rows.map((row) => ({
    resource: row.resource,
    term: row.term,
    termText: row.term_text,
    round: row.renew_round,
  }));
}

export async function noteRenewal(
  db: SqlRunner,
  { product }: Whose,
  due: DueRenewal,
  note: {
    renewAt: Date | null;
    round: number;
    problem: string | null;
    events: readonly (EventDraft & { readonly id: string })[];
  },
): Promise<void> {
  await db.$queryRaw(sql`
    SELECT platform.auto_renew_note(${product}, ${due.resource}, ${due.termText}::timestamptz,
      ${note.renewAt}::timestamptz, ${note.round}::int, ${note.problem}::text,
      ${note.events.length === 0 ? null : JSON.stringify(note.events)}::jsonb)`);
}

/** The total price of the automatic renewals before `until`, over all products of the account. */
export async function autoRenewDue(db: SqlRunner, accountId: string, until: Date): Promise<bigint> {
  const rows = await db.$queryRaw<{ due: bigint }[]>(sql`
    SELECT coalesce(sum(price), 0)::bigint AS due FROM platform.lifecycle WHERE account_id = ${accountId} AND auto_renew
      AND parked_at IS NULL AND term < ${until}::timestamptz`);
  return rows[0]?.due ?? 0n;
}

interface TrackedRow {
  readonly resource: string;
  readonly account_id: string;
  readonly term: Date;
  readonly done: string[];
  readonly tries: number;
  readonly stuck_since: Date | null;
  readonly attempt: number;
}
