// Queries on traffic plans and their sub-users. Gigabytes move between a plan and its sub-users while the plan's row is
// locked, so no gigabyte is given out twice.
import {
  emptySql,
  fromStep,
  joinSql,
  rider,
  sql,
  type Database,
  type Rider,
  type Sql,
  type SqlRunner,
} from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import type { JsonObject } from '@lumi/shared/purchase';

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
}

export type NewPlan = Pick<
  PlanRow,
  | 'id'
  | 'account_id'
  | 'order_id'
  | 'pool'
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
    INSERT INTO proxy.traffic_plan (id, account_id, order_id, pool, network_id, host, port, port_socks, username,
      password, bytes_total, expires_at, label, tags, reference, metadata, created_at, updated_at)
    SELECT ${plan.id}, ${plan.account_id}, ${plan.order_id}, ${plan.pool}, ${plan.network_id}, ${plan.host},
      ${plan.port}::int, ${plan.port_socks}::int, ${plan.username}, ${new Uint8Array(plan.password)}::bytea,
        ${plan.bytes_total}::bigint,
           ${plan.expires_at}, ${plan.label}::text, ${plan.tags}::text[], ${plan.reference}::text,
             ${plan.metadata === null ? null : JSON.stringify(plan.metadata)}::jsonb, ${plan.created_at},
               ${plan.created_at}
    ${fromStep('settled')}`;
}

export async function listPlans(
  db: SqlRunner,
  reach: Reach,
  filter: { pool?: string | undefined; reference?: string | undefined; tag?: string | undefined },
  page: TrafficPage,
): Promise<PlanRow[]> {
  return db.$queryRaw<PlanRow[]>(sql`
    SELECT * FROM proxy.traffic_plan ${where([
      ...within(reach),
      ...before(page),
      ...(filter.pool === undefined ? [] : [sql`pool = ${filter.pool}`]),
      ...(filter.reference === undefined ? [] : [sql`reference = ${filter.reference}`]),
      ...(filter.tag === undefined ? [] : [sql`${filter.tag} = ANY (tags)`]),
    ])} ORDER BY seq DESC LIMIT ${page.limit + 1}::int`);
}

export async function findPlan(db: SqlRunner, reach: Reach, id: string): Promise<PlanRow | null> {
  const rows = await db.$queryRaw<PlanRow[]>(
    sql`SELECT * FROM proxy.traffic_plan ${where([sql`id = ${id}`, ...within(reach)])}`,
  );
  return rows[0] ?? null;
}

export async function findPlans(db: SqlRunner, ids: readonly string[]): Promise<PlanRow[]> {
  return db.$queryRaw<PlanRow[]>(sql`SELECT * FROM proxy.traffic_plan WHERE id = ANY (${[...ids]}::text[])`);
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
  const rows = await db.$queryRaw<PlanRow[]>(
    sql`UPDATE proxy.traffic_plan SET ${joinSql(sets, ', ')} WHERE id = ${id} RETURNING *`,
  );
  return rows[0] ?? null;
}

export function within(reach: Reach): Sql[] {
  return reach.kind === 'account' ? [sql`account_id = ${reach.accountId}`] : [];
}

export function before(page: TrafficPage): Sql[] {
  return page.beforeSeq === null ? [] : [sql`seq < ${page.beforeSeq}::bigint`];
}

export function where(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? emptySql : sql`WHERE ${joinSql([...conditions], ' AND ')}`;
}
