// Alerts and the hard stop of a plan. Both count what the plan and its sub-users use together.
// Raw SQL: a row is locked, and what was reported is noted together with the events.
import { newId } from '@lumi/shared/contract';
import { inTransaction, sql, type Database, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { EventData, EventDraft } from '@lumi/shared/events';
import { isExhausted, usedOf, type PlanRow } from './traffic';

const BYTES_PER_GB = 1_000_000_000;

export interface PlanLimits {
  /** Ascending. Empty: none. */
  readonly alerts?: readonly bigint[] | undefined;
  /** Null: none. */
  readonly stop?: bigint | null | undefined;
}

/** In the transaction of the caller, with the events that the change brings. */
export async function setPlanLimits(db: SqlRunner, id: string, { alerts, stop }: PlanLimits, now: Date): Promise<void> {
  // What was used until now is for the alerts that were there before.
  await tellOf(db, sql`p.id = ${id}`, now);
  if (alerts !== undefined)
    await db.$executeRaw(sql`
      UPDATE proxy.traffic_plan p SET alerts = ${[...alerts]}::bigint[], updated_at = ${now},
        next_alert = (SELECT min(a) FROM unnest(${[...alerts]}::bigint[]) a WHERE a > p.bytes_used + p.subusers_used)
      WHERE id = ${id}`);
  if (stop === undefined) return;
  // What nodes hold already is not lost to them by a lower stop; the next exchange calls it back.
  await db.$executeRaw(sql`
    UPDATE proxy.traffic_plan SET bytes_stop = ${stop}::bigint, updated_at = ${now},
      bytes_cap = CASE WHEN ${stop}::bigint IS NOT NULL THEN greatest(${stop}::bigint,
        bytes_used + subusers_used + bytes_leased + subusers_leased) END
    WHERE id = ${id}`);
  await tellOf(db, sql`p.id = ${id}`, now);
}

/** After usage of these proxies, plans and sub-users was taken. Each event is written once. */
export async function tellPlansOf(
  db: Pick<Database, 'platform'>,
  subjects: ReadonlySet<string>,
  now: Date,
): Promise<void> {
  const ids = [...subjects].filter((subject) => !subject.startsWith('prx_'));
  if (ids.length === 0) return;
  await tell(
    db,
    sql`p.id = ANY (ARRAY(SELECT unnest(${ids}::text[]) UNION
      SELECT plan_id FROM proxy.subuser WHERE id = ANY (${ids}::text[])))`,
    now,
  );
}

/** Those that nobody has told: the process that took their usage ended before it could. */
export function tellAllPlans(db: Pick<Database, 'platform'>, now: Date): Promise<void> {
  return tell(db, sql`true`, now);
}

const ROUND_MAX = 500;
const IS_DUE = sql`(p.next_alert <= p.bytes_used + p.subusers_used
  OR (p.bytes_used + p.subusers_used >= least(p.bytes_total, p.bytes_stop)) <> p.is_exhausted_told)`;

async function tell(db: Pick<Database, 'platform'>, which: Sql, now: Date): Promise<void> {
  // Almost always there is nothing to tell, and no row is locked.
  const due = await db.platform.$queryRaw<{ id: string }[]>(
    sql`SELECT p.id FROM proxy.traffic_plan p WHERE ${which} AND ${IS_DUE} ORDER BY p.id LIMIT ${ROUND_MAX}::int`,
  );
  if (due.length === 0) return;
  const ids = due.map(({ id }) => id);
  await inTransaction(db, (tx) => tellOf(tx, sql`p.id = ANY (${ids}::text[])`, now));
}

async function tellOf(tx: SqlRunner, which: Sql, now: Date): Promise<void> {
  const plans = await tx.$queryRaw<PlanRow[]>(
    sql`SELECT p.* FROM proxy.traffic_plan p WHERE ${which} AND ${IS_DUE} ORDER BY p.id FOR NO KEY UPDATE`,
  );
  if (plans.length === 0) return;
  await tx.$executeRaw(sql`
    UPDATE proxy.traffic_plan p SET is_exhausted_told = p.bytes_used + p.subusers_used >= least(p.bytes_total,
        p.bytes_stop),
      next_alert = (SELECT min(a) FROM unnest(p.alerts) a WHERE a > p.bytes_used + p.subusers_used)
    WHERE p.id = ANY (${plans.map(({ id }) => id)}::text[])`);
  for (const plan of [...plans].sort((a, b) => (a.account_id < b.account_id ? -1 : 1)))
    for (const event of eventsOf(plan, now))
      await tx.$queryRaw(
        sql`SELECT platform.emit_events(${plan.account_id}, 'proxy', ${JSON.stringify([event])}::jsonb)::text`,
      );
}

function eventsOf(plan: PlanRow, now: Date): readonly EventDraft[] {
  const used = usedOf(plan);
  const about = { traffic_plan_id: plan.id, gb_used_with_subusers: gbOf(used) };
  const event = <T extends 'traffic.alert' | 'traffic.exhausted'>(type: T, data: EventData<T>) => ({
    id: newId('evt', now.getTime()),
    type,
    subject: plan.id,
    data,
  });
  const passed = plan.alerts.filter((alert) => plan.next_alert !== null && alert >= plan.next_alert && alert <= used);
  const isNew = isExhausted(plan) && !plan.is_exhausted_told;
  return [
    ...passed.map((alert) => event('traffic.alert', { ...about, alert_gb: gbOf(alert) })),
    ...(isNew ? [event('traffic.exhausted', { ...about, by: used < plan.bytes_total ? 'hard_stop' : 'quota' })] : []),
  ];
}

function gbOf(bytes: bigint): number {
  return Number(bytes) / BYTES_PER_GB;
}
