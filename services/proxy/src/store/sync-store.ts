// Reads and writes proxies and plans when the network was asked about them. The write happens only if the row did not
// change since it was read.
import { seqAfter, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { within } from '@lumi/shared/listing';
import { operationIdOf, type EventDraft } from '@lumi/shared/purchase';
import { syncEvents, type SyncFrom, type SyncNext } from '@lumi/shared/sync';
import type { PrismaClient } from '../generated/db/client';
import type { ExitAddress } from '../supplier/proxy-network';
import { exitColumns, type ProxyRow } from './proxy-row';
import type { PlanRow } from './traffic';

export interface VersionedProxy {
  readonly row: ProxyRow;
  readonly version: string;
  /** The operation that holds it, other than that of the order `except`. */
  readonly heldBy: string | null;
}

export async function findProxyVersion(
  db: SqlRunner,
  reach: Reach,
  id: string,
  except: string | null,
): Promise<VersionedProxy | null> {
  // Raw SQL: the version of a row is no column, and its lock comes with it.
  const rows = await db.$queryRaw<(ProxyRow & { version: string; lock_order: string | null })[]>(sql`
    SELECT p.*, p.xmin::text AS version, ${lockOf(except)} AS lock_order FROM proxy.proxy p
      WHERE p.id = ${id} AND ${within(reach, 'p')}`);
  const found = rows[0];
  if (found === undefined) return null;
  const { version, lock_order: order, ...row } = found;
  return { row, version, heldBy: order === null ? null : operationIdOf(order) };
}

export interface ProxyTruth {
  readonly exit: ExitAddress;
  readonly expiresAt: Date;
  readonly graceUntil: Date;
}

/**
 * Null: the row has another version by now, or an order other than `except` holds it. `truth` null: the network does
 * not run it.
 */
export async function writeProxyVersion(
  db: SqlRunner,
  { row, version }: VersionedProxy,
  truth: ProxyTruth | null,
  { except, now, events }: { except: string | null; now: Date; events: readonly EventDraft[] },
): Promise<ProxyRow | null> {
  const isMoved = truth !== null && truth.expiresAt.getTime() !== row.expires_at.getTime();
  // Nodes hold both.
  const isNews = isMoved || (truth !== null && truth.exit.exitIp !== row.exit_ip);
  // A changed expiry is another term: a renewal from the old expiry is then refused.
  const columns =
    truth === null
      ? sql`missing_since = coalesce(p.missing_since, ${now}::timestamptz)`
      : sql`
    missing_since = NULL, ${exitColumns(truth.exit)}, expires_at = ${truth.expiresAt}::timestamptz,
      grace_until = ${truth.graceUntil}::timestamptz,
    term = p.term + ${isMoved ? 1 : 0}::int, access_version = p.access_version + ${isNews ? 1 : 0}::int`;
  // Raw SQL: the row and the events in one statement, by its version.
  const rows = await db.$queryRaw<ProxyRow[]>(sql`
    WITH written AS (
      UPDATE proxy.proxy p SET ${columns}, synced_at = ${now}::timestamptz,
        updated_at = ${events.length > 0 ? now : row.updated_at}::timestamptz
      WHERE p.id = ${row.id} AND p.xmin::text = ${version} AND p.state = 'active' AND ${lockOf(except)} IS NULL
        RETURNING p.*)
    SELECT written.*, ${syncEvents(sql`written`, 'proxy', events, now)} AS told FROM written`);
  return rows[0] ?? null;
}

export async function findPlanVersion(
  db: SqlRunner,
  reach: Reach,
  id: string,
): Promise<{ readonly row: PlanRow; readonly version: string } | null> {
  // Raw SQL: as for proxies.
  const rows = await db.$queryRaw<(PlanRow & { version: string })[]>(
    sql`SELECT p.*, p.xmin::text AS version FROM proxy.traffic_plan p WHERE p.id = ${id} AND ${within(reach, 'p')}`,
  );
  const found = rows[0];
  if (found === undefined) return null;
  const { version, ...row } = found;
  return { row, version };
}

/** The same for a plan. */
export async function writePlanVersion(
  db: SqlRunner,
  { row, version }: { row: PlanRow; version: string },
  truth: { host: string; port: number; portSocks: number } | null,
  { now, events }: { now: Date; events: readonly EventDraft[] },
): Promise<PlanRow | null> {
  const columns =
    truth === null
      ? sql`missing_since = coalesce(p.missing_since, ${now}::timestamptz)`
      : sql`missing_since = NULL, host = ${truth.host}, port = ${truth.port}::int,
        port_socks = ${truth.portSocks}::int`;
  // Raw SQL: as for proxies.
  const rows = await db.$queryRaw<PlanRow[]>(sql`
    WITH written AS (
      UPDATE proxy.traffic_plan p SET ${columns}, synced_at = ${now}::timestamptz,
        updated_at = ${events.length > 0 ? now : row.updated_at}::timestamptz WHERE p.id = ${row.id}
          AND p.xmin::text = ${version} RETURNING p.*)
    SELECT written.*, ${syncEvents(sql`written`, 'proxy', events, now)} AS told FROM written`);
  return rows[0] ?? null;
}

export async function nextProxies(db: Pick<PrismaClient, 'proxy'>, from: SyncFrom): Promise<SyncNext[]> {
  return db.proxy.findMany({
    where: { account_id: from.accountId, state: 'active', ...seqAfter(from) },
    select: { seq: true, id: true },
    orderBy: { seq: 'asc' },
    take: from.limit,
  });
}

export async function nextPlans(db: Pick<PrismaClient, 'trafficPlan'>, from: SyncFrom): Promise<SyncNext[]> {
  return db.trafficPlan.findMany({
    where: { account_id: from.accountId, ...seqAfter(from) },
    select: { seq: true, id: true },
    orderBy: { seq: 'asc' },
    take: from.limit,
  });
}

function lockOf(except: string | null): Sql {
  return sql`(SELECT l.order_id FROM proxy.proxy_lock l WHERE l.proxy_id = p.id AND l.order_id IS DISTINCT
    FROM ${except}::text LIMIT 1)`;
}
