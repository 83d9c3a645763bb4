// Queries on traffic plans and their sub-users. Gigabytes move between a plan and its sub-users while the plan's row is
// locked, so no gigabyte is given out twice.
import {
  fromStep,
  given,
  joinSql,
  rider,
  seqBefore,
  sql,
  type Database,
  type Rider,
  type Sql,
  type SqlRunner,
} from '@lumi/shared/db';
import { ownedBy, type Reach } from '@lumi/shared/endpoint';
import type { JsonObject } from '@lumi/shared/purchase';
import type { PrismaClient } from '../generated/db/client';
import type { TrafficPlanModel } from '../generated/db/models';
import type { NetworkName } from '../supplier/proxy-network';

export interface PlanRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly order_id: string;
  readonly pool: string;
  readonly network_id: string;
  readonly host: string;
  readonly port: number;
  readonly port_socks: number;
  readonly username: string;
  readonly password: Uint8Array;
  readonly old_password: Uint8Array | null;
  readonly old_until: Date | null;
  readonly bytes_total: bigint;
  readonly bytes_used: bigint;
  readonly bytes_allocated: bigint;
  readonly expires_at: Date;
  readonly label: string | null;
  readonly tags: string[];
  readonly reference: string | null;
  readonly metadata: JsonObject | null;
  readonly access_version: number;
  readonly access_applied: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** When the network was last asked about it, and since when the network does not know it. */
  readonly synced_at: Date | null;
  readonly missing_since: Date | null;
  readonly network: NetworkName;
  /** Handed out to nodes and not yet reported as used. */
  readonly bytes_leased: bigint;
  readonly old_username: string | null;
  readonly last_used_at: Date | null;
  readonly suspended_for: string | null;
  /** Of its sub-users that are not deleted. */
  readonly subusers_used: bigint;
  readonly subusers_leased: bigint;
  /** Ascending, in bytes. */
  readonly alerts: bigint[];
  readonly next_alert: bigint | null;
  readonly is_exhausted_told: boolean;
  readonly bytes_stop: bigint | null;
  readonly bytes_cap: bigint | null;
}

export type NewPlan = Pick<
  PlanRow,
  | 'id'
  | 'account_id'
  | 'order_id'
  | 'pool'
  | 'network'
  | 'network_id'
  | 'host'
  | 'port'
  | 'port_socks'
  | 'username'
  | 'password'
  | 'bytes_total'
  | 'expires_at'
  | 'label'
  | 'tags'
  | 'reference'
  | 'metadata'
  | 'created_at'
>;

export type Plans = Pick<Database, 'platform'>;

export interface TrafficPage {
  readonly limit: number;
  readonly beforeSeq: string | null;
}

export function insertPlan(plan: NewPlan): Rider<'settled'> {
  return rider`
    INSERT INTO proxy.traffic_plan (id, account_id, order_id, pool, network, network_id, host, port, port_socks,
      username, password, bytes_total, expires_at, label, tags, reference, metadata, created_at, updated_at)
    SELECT ${plan.id}, ${plan.account_id}, ${plan.order_id}, ${plan.pool}, ${plan.network}, ${plan.network_id},
      ${plan.host}, ${plan.port}::int, ${plan.port_socks}::int, ${plan.username},
        ${new Uint8Array(plan.password)}::bytea,
        ${plan.bytes_total}::bigint,
           ${plan.expires_at}, ${plan.label}::text, ${plan.tags}::text[], ${plan.reference}::text,
             ${plan.metadata === null ? null : JSON.stringify(plan.metadata)}::jsonb, ${plan.created_at},
               ${plan.created_at}
    ${fromStep('settled')}`;
}

/** For `termsNow`: what may change of a plan between the offer of gigabytes and its hold. */
export function termsToTopUp(id: string): Sql {
  return sql`SELECT jsonb_build_object('suspended', suspended_for IS NOT NULL) AS facts FROM proxy.traffic_plan
    WHERE id = ${id} FOR NO KEY UPDATE`;
}

type PlanTable = Pick<PrismaClient, 'trafficPlan'>;

export async function listPlans(
  db: PlanTable,
  reach: Reach,
  { pool, reference, tag }: { pool?: string | undefined; reference?: string | undefined; tag?: string | undefined },
  page: TrafficPage,
): Promise<PlanRow[]> {
  const rows = await db.trafficPlan.findMany({
    where: {
      ...ownedBy(reach),
      ...given({ pool, reference, tags: tag === undefined ? undefined : { has: tag } }),
      ...seqBefore(page),
    },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
  return rows.map(planOfRow);
}

export async function findPlan(db: PlanTable, reach: Reach, id: string): Promise<PlanRow | null> {
  const row = await db.trafficPlan.findFirst({ where: { id, ...ownedBy(reach) } });
  return row === null ? null : planOfRow(row);
}

export async function findPlans(db: PlanTable, ids: readonly string[]): Promise<PlanRow[]> {
  return (await db.trafficPlan.findMany({ where: { id: { in: [...ids] } } })).map(planOfRow);
}

/** What the plan and its sub-users have used together. */
export function usedOf(plan: PlanRow): bigint {
  return plan.bytes_used + plan.subusers_used;
}

/** Nothing of it is left, sub-users' shares included, or its hard stop is reached. */
export function isExhausted(plan: PlanRow): boolean {
  const { bytes_stop: stop, bytes_total: total } = plan;
  return usedOf(plan) >= (stop !== null && stop < total ? stop : total);
}

/** Of what was bought: neither used nor given to sub-users. */
export function freeOf(plan: PlanRow): bigint {
  return plan.bytes_total - plan.bytes_used - plan.bytes_allocated;
}

export async function changePlan(
  db: SqlRunner,
  id: string,
  change: {
    label?: string | null | undefined;
    tags?: readonly string[] | undefined;
    reference?: string | null | undefined;
    metadata?: Readonly<Record<string, unknown>> | null | undefined;
  },
  now: Date,
): Promise<PlanRow | null> {
  const sets: Sql[] = [sql`updated_at = ${now}`];
  if (change.label !== undefined)
    sets.push(sql`label = ${change.label}::text`, sql`access_version = access_version + 1`);
  if (change.tags !== undefined) sets.push(sql`tags = ${[...change.tags]}::text[]`);
  if (change.reference !== undefined) sets.push(sql`reference = ${change.reference}::text`);
  if (change.metadata !== undefined)
    sets.push(sql`metadata = ${change.metadata === null ? null : JSON.stringify(change.metadata)}::jsonb`);
  // Raw SQL: with the typed client PATCH /traffic-plans/{id} was more than 10 % slower.
  const rows = await db.$queryRaw<PlanRow[]>(
    sql`UPDATE proxy.traffic_plan SET ${joinSql(sets, ', ')} WHERE id = ${id} RETURNING *`,
  );
  return rows[0] ?? null;
}

/** The types that the table's constraints ensure and the typed client does not have. */
export function planOfRow(row: TrafficPlanModel): PlanRow {
  return row as PlanRow;
}
