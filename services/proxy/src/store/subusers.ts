// Sub-users have shares of a traffic plan. The shares together never exceed the plan.
import { given, inTransaction, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { whereAll, within } from '@lumi/shared/listing';
import type { PrismaClient } from '../generated/db/client';
import type { TrafficPage, Plans } from './traffic';

export interface SubuserRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly plan_id: string;
  readonly username: string;
  readonly password: Uint8Array;
  readonly bytes_limit: bigint;
  readonly bytes_used: bigint;
  readonly status: 'active' | 'disabled' | 'deleted';
  readonly expires_at: Date | null;
  readonly blocked_domains: string[];
  readonly label: string | null;
  readonly reference: string | null;
  readonly access_version: number;
  readonly access_applied: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** When the network was last asked about it. */
  readonly synced_at: Date | null;
  /** Handed out to nodes and not yet reported as used. */
  readonly bytes_leased: bigint;
  readonly old_username: string | null;
  readonly old_password: Uint8Array | null;
  readonly old_until: Date | null;
  readonly last_used_at: Date | null;
  readonly suspended_for: string | null;
  /** A sub-user stands still with its plan. */
  readonly plan_suspended_for: string | null;
  /** Null: as its pool. */
  readonly concurrency: number | null;
  readonly bandwidth_mbps: number | null;
  /** Null or empty: all that are not blocked. */
  readonly allowed_domains: string[] | null;
}

/** All of a `SubuserRow`, of `proxy.subuser s`. */
export const SUBUSER = sql`s.*,
  (SELECT p.suspended_for FROM proxy.traffic_plan p WHERE p.id = s.plan_id) AS plan_suspended_for`;

type SubuserTable = Pick<PrismaClient, 'subuser'>;

export async function listSubusers(
  db: SqlRunner,
  reach: Reach,
  filter: { planId?: string | undefined; status?: 'active' | 'disabled' | undefined; reference?: string | undefined },
  page: TrafficPage,
): Promise<SubuserRow[]> {
  // Raw SQL: callers poll it, and with the typed client it was more than 10 % slower (docs/decisions/0008).
  return db.$queryRaw<SubuserRow[]>(sql`
    SELECT ${SUBUSER} FROM proxy.subuser s ${whereAll([
      within(reach, 's'),
      filter.status === undefined ? sql`s.status <> 'deleted'` : sql`s.status = ${filter.status}`,
      filter.planId === undefined ? null : sql`s.plan_id = ${filter.planId}`,
      filter.reference === undefined ? null : sql`s.reference = ${filter.reference}`,
      page.beforeSeq === null ? null : sql`s.seq < ${page.beforeSeq}::bigint`,
    ])} ORDER BY s.seq DESC LIMIT ${page.limit + 1}::int`);
}

export async function findSubuser(db: SqlRunner, reach: Reach, id: string): Promise<SubuserRow | null> {
  // Raw SQL: a sub-user comes with its plan's suspension.
  const rows = await db.$queryRaw<SubuserRow[]>(
    sql`SELECT ${SUBUSER} FROM proxy.subuser s WHERE s.id = ${id} AND s.status <> 'deleted' AND ${within(reach, 's')}`,
  );
  return rows[0] ?? null;
}

export interface NewSubuser {
  readonly id: string;
  readonly accountId: string;
  readonly planId: string;
  readonly username: string;
  readonly password: Uint8Array;
  readonly bytes: bigint;
  readonly expiresAt: Date | null;
  readonly blockedDomains: readonly string[];
  /** Empty: all that are not blocked. */
  readonly allowedDomains: readonly string[];
  readonly concurrency: number | null;
  readonly bandwidthMbps: number | null;
  readonly label: string | null;
  readonly reference: string | null;
  readonly now: Date;
}

/** Null: the plan has fewer than `bytes` left. */
export async function createSubuser(db: SqlRunner, fresh: NewSubuser): Promise<SubuserRow | null> {
  // Raw SQL: one statement reduces the plan and inserts the sub-user.
  const rows = await db.$queryRaw<SubuserRow[]>(sql`
    WITH plan AS (${takeFromPlan(fresh.planId, fresh.bytes, fresh.now)})
    INSERT INTO proxy.subuser AS s (id, account_id, plan_id, username, password, bytes_limit, expires_at,
      blocked_domains, allowed_domains, concurrency, bandwidth_mbps,
      label, reference, created_at, updated_at)
    SELECT ${fresh.id}, ${fresh.accountId}, plan.id, ${fresh.username}, ${new Uint8Array(fresh.password)}::bytea,
      ${fresh.bytes}::bigint, ${fresh.expiresAt}::timestamptz, ${[...fresh.blockedDomains]}::text[],
        ${[...fresh.allowedDomains]}::text[], ${fresh.concurrency}::int, ${fresh.bandwidthMbps}::int,
        ${fresh.label}::text,
           ${fresh.reference}::text, ${fresh.now}, ${fresh.now} FROM plan
    RETURNING ${SUBUSER}`);
  return rows[0] ?? null;
}

/** Null: the plan has fewer than `bytes` left, or the sub-user is gone. */
export async function allocateTo(db: Plans, subuser: SubuserRow, bytes: bigint, now: Date): Promise<SubuserRow | null> {
  const rows = await underPlanLock<SubuserRow>(
    db,
    subuser.plan_id,
    sql`
    WITH receiver AS (SELECT id FROM proxy.subuser WHERE id = ${subuser.id} AND status <> 'deleted'),
    taken AS (
      UPDATE proxy.traffic_plan p SET bytes_allocated = p.bytes_allocated + ${bytes}::bigint,
        access_version = p.access_version + 1, updated_at = ${now}
      FROM receiver WHERE p.id = ${subuser.plan_id} AND p.bytes_total - p.bytes_used - p.bytes_allocated
        - p.bytes_leased >= ${bytes}::bigint RETURNING receiver.id)
    UPDATE proxy.subuser s SET bytes_limit = s.bytes_limit + ${bytes}::bigint, access_version = s.access_version + 1,
      updated_at = ${now} FROM taken WHERE s.id = taken.id RETURNING ${SUBUSER}`,
  );
  return rows[0] ?? null;
}

/**
 * Returns unused bytes to the plan: `bytes`, or all of them. Null: fewer than that are unused. What a node holds to
 * spend is not unused.
 */
export async function reclaimFrom(
  db: Plans,
  subuser: SubuserRow,
  bytes: bigint | null,
  now: Date,
): Promise<SubuserRow | null> {
  const rows = await underPlanLock<SubuserRow>(
    db,
    subuser.plan_id,
    sql`
    WITH unused AS (SELECT id, greatest(bytes_limit - bytes_used - bytes_leased, 0) AS bytes FROM proxy.subuser
      WHERE id = ${subuser.id} AND status <> 'deleted'),
    moved AS (SELECT id, coalesce(${bytes}::bigint, bytes) AS bytes FROM unused
      WHERE bytes >= coalesce(${bytes}::bigint, 0)),
    returned AS (
      UPDATE proxy.traffic_plan p SET bytes_allocated = p.bytes_allocated - moved.bytes,
        access_version = p.access_version + 1, updated_at = ${now}
      FROM moved WHERE p.id = ${subuser.plan_id} RETURNING moved.id, moved.bytes)
    UPDATE proxy.subuser s SET bytes_limit = s.bytes_limit - returned.bytes, access_version = s.access_version + 1,
      updated_at = ${now} FROM returned WHERE s.id = returned.id RETURNING ${SUBUSER}`,
  );
  return rows[0] ?? null;
}

/**
 * Unused bytes return to the plan; used bytes become the plan's own use, and so does what nodes still hold or report.
 * Its user name is free for others, a name in its grace too.
 */
export async function deleteSubuser(db: Plans, subuser: SubuserRow, now: Date): Promise<boolean> {
  const rows = await underPlanLock<{ id: string }>(
    db,
    subuser.plan_id,
    sql`
    WITH gone AS (SELECT id, bytes_limit, bytes_used, bytes_leased FROM proxy.subuser WHERE id = ${subuser.id}
      AND status <> 'deleted'),
    returned AS (
      UPDATE proxy.traffic_plan p SET bytes_allocated = p.bytes_allocated - gone.bytes_limit,
        bytes_used = p.bytes_used + gone.bytes_used, bytes_leased = p.bytes_leased + gone.bytes_leased,
        subusers_used = p.subusers_used - gone.bytes_used, subusers_leased = p.subusers_leased - gone.bytes_leased,
        access_version = p.access_version + 1, updated_at = ${now}
      FROM gone WHERE p.id = ${subuser.plan_id} RETURNING gone.id)
    UPDATE proxy.subuser s SET status = 'deleted', bytes_limit = 0, bytes_leased = 0, username = s.id,
      old_username = NULL, old_password = NULL, old_until = NULL,
      access_version = s.access_version + 1, updated_at = ${now} FROM returned WHERE s.id = returned.id RETURNING s.id`,
  );
  return rows.length > 0;
}

/**
 * Locks the plan's row before any bytes of its sub-users move. It is a separate statement, so that the next statement
 * sees what earlier holders of the lock have committed. A statement that locks and reads at once would read the state
 * before it had to wait.
 * Raw SQL: a lock, and the statement under it.
 */
function underPlanLock<R>(db: Plans, planId: string, statement: Sql): Promise<R[]> {
  return inTransaction(db, async (tx) => {
    await tx.$queryRaw(sql`SELECT id FROM proxy.traffic_plan WHERE id = ${planId} FOR NO KEY UPDATE`);
    return tx.$queryRaw<R[]>(statement);
  });
}

export async function changeSubuser(
  db: SubuserTable & SqlRunner,
  id: string,
  change: {
    label?: string | null | undefined;
    reference?: string | null | undefined;
    status?: 'active' | 'disabled' | undefined;
    expires_at?: Date | null | undefined;
    blocked_domains?: readonly string[] | undefined;
    allowed_domains?: readonly string[] | undefined;
    concurrency?: number | null | undefined;
    bandwidth_mbps?: number | null | undefined;
  },
  now: Date,
): Promise<SubuserRow | null> {
  const { label, reference, status, expires_at, concurrency, bandwidth_mbps } = change;
  const { blocked_domains: blocked, allowed_domains: allowed } = change;
  const { count } = await db.subuser.updateMany({
    where: { id, status: { not: 'deleted' } },
    data: {
      updated_at: now,
      access_version: { increment: 1 },
      ...given({
        label,
        reference,
        status,
        expires_at,
        concurrency,
        bandwidth_mbps,
        blocked_domains: blocked === undefined ? undefined : [...blocked],
        allowed_domains: allowed === undefined ? undefined : [...allowed],
      }),
    },
  });
  return count === 0 ? null : findSubuser(db, { kind: 'all' }, id);
}

function takeFromPlan(planId: string, bytes: bigint, now: Date): Sql {
  return sql`
    UPDATE proxy.traffic_plan SET bytes_allocated = bytes_allocated + ${bytes}::bigint,
      access_version = access_version + 1, updated_at = ${now}
    WHERE id = ${planId} AND bytes_total - bytes_used - bytes_allocated - bytes_leased >= ${bytes}::bigint
    RETURNING id`;
}
