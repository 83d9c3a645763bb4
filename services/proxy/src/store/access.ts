// The access that data planes do not have yet: rows whose access version is ahead of the version in force.
import { rawSql, seqAfter, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { within } from '@lumi/shared/listing';
import type { EventDraft } from '@lumi/shared/purchase';
import { syncEvents, type SyncFrom, type SyncNext } from '@lumi/shared/sync';
import type { PrismaClient } from '../generated/db/client';
import { proxyOfRow, type ProxyRow } from './proxy-row';
import type { AllowedBlock, NetworkName } from '../supplier/proxy-network';
import { planOfRow, type PlanRow } from './traffic';
import type { SubuserRow } from './subusers';

export type AccessTable = 'proxy' | 'traffic_plan' | 'subuser';

/** Whether the three readers below would find anything. */
export const isAnyDirty = (): Sql => sql`EXISTS (
  SELECT 1 FROM proxy.proxy WHERE access_applied < access_version
  UNION ALL SELECT 1 FROM proxy.traffic_plan WHERE access_applied < access_version
  UNION ALL SELECT 1 FROM proxy.subuser WHERE access_applied < access_version)`;

/**
 * Of one network. The three readers go on after an id, so that rows which wait for a confirmation hold up no others.
 */
export interface DirtyPage {
  readonly network: NetworkName;
  readonly afterId: string;
  readonly limit: number;
}

export async function dirtyProxies(
  db: Pick<PrismaClient, 'proxy'>,
  { network, afterId, limit }: DirtyPage,
): Promise<ProxyRow[]> {
  const rows = await db.proxy.findMany({
    where: { network, id: { gt: afterId }, access_applied: { lt: db.proxy.fields.access_version } },
    orderBy: { id: 'asc' },
    take: limit,
  });
  return rows.map(proxyOfRow);
}

export async function dirtyPlans(
  db: Pick<PrismaClient, 'trafficPlan'>,
  { network, afterId, limit }: DirtyPage,
): Promise<PlanRow[]> {
  const rows = await db.trafficPlan.findMany({
    where: { network, id: { gt: afterId }, access_applied: { lt: db.trafficPlan.fields.access_version } },
    orderBy: { id: 'asc' },
    take: limit,
  });
  return rows.map(planOfRow);
}

export type SubuserOfPlan = SubuserRow &
  Pick<PlanRow, 'network' | 'network_id' | 'host' | 'port' | 'port_socks' | 'pool'> & {
    readonly plan_expires_at: Date;
  };

const ofPlan = (): Sql => sql`s.*, p.network, p.network_id, p.host, p.port, p.port_socks, p.pool,
  p.expires_at AS plan_expires_at, p.suspended_for AS plan_suspended_for
  FROM proxy.subuser s JOIN proxy.traffic_plan p ON p.id = s.plan_id`;

export async function findSubuserOfPlan(db: SqlRunner, reach: Reach, id: string): Promise<SubuserOfPlan | null> {
  // Raw SQL: a sub-user comes with its plan.
  const rows = await db.$queryRaw<SubuserOfPlan[]>(sql`
    SELECT ${ofPlan()}
    WHERE s.id = ${id} AND s.status <> 'deleted' AND ${within(reach, 's')}`);
  return rows[0] ?? null;
}

export async function dirtySubusers(db: SqlRunner, { network, afterId, limit }: DirtyPage): Promise<SubuserOfPlan[]> {
  // Raw SQL: as above.
  return db.$queryRaw<SubuserOfPlan[]>(sql`
    SELECT ${ofPlan()} WHERE s.access_applied < s.access_version AND s.id > ${afterId} AND p.network = ${network}
    ORDER BY s.id LIMIT ${limit}::int`);
}

export async function subusersOfPlans(db: SqlRunner, ids: readonly string[]): Promise<SubuserOfPlan[]> {
  // Raw SQL: as above.
  return db.$queryRaw<SubuserOfPlan[]>(sql`SELECT ${ofPlan()} WHERE s.id = ANY (${[...ids]}::text[])`);
}

/** Admitted addresses with their ends, of these accounts (key: account id) and of these proxies (key: proxy id). */
export async function allowedBlocks(
  db: SqlRunner,
  accountIds: readonly string[],
  proxyIds: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, AllowedBlock[]>> {
  // Raw SQL: two columns in one condition.
  const rows = await db.$queryRaw<{ owner: string; block: string; until: Date | null }[]>(sql`
    SELECT coalesce(proxy_id, account_id) AS owner, block, expires_at AS until FROM proxy.allow_entry
    WHERE (expires_at IS NULL OR expires_at > ${now}) AND (proxy_id = ANY (${[...proxyIds]}::text[])
      OR (proxy_id IS NULL AND account_id = ANY (${[...accountIds]}::text[]))) ORDER BY seq`);
  const blocks = new Map<string, AllowedBlock[]>();
  for (const { owner, block, until } of rows) blocks.set(owner, [...(blocks.get(owner) ?? []), { block, until }]);
  return blocks;
}

/**
 * A row that changed meanwhile stays ahead and is pushed again. Rows are locked in the order of their ids, so that two
 * workers wait for each other and do not deadlock.
 */
export async function markApplied(
  db: SqlRunner,
  table: AccessTable,
  rows: readonly { readonly id: string; readonly access_version: number }[],
): Promise<void> {
  const applied = JSON.stringify(rows.map(({ id, access_version }) => ({ id, version: access_version })));
  const name = rawSql(`proxy.${table}`);
  // Raw SQL: rows are locked in the order of their ids.
  await db.$executeRaw(sql`
    WITH due AS (
      SELECT t.id, x.version FROM ${name} t JOIN jsonb_to_recordset(${applied}::jsonb) AS x(id text, version int)
        ON x.id = t.id
      WHERE t.access_applied < x.version ORDER BY t.id FOR NO KEY UPDATE OF t)
    UPDATE ${name} t SET access_applied = due.version FROM due WHERE t.id = due.id AND t.access_applied < due.version`);
}

/**
 * Makes a row's version newer than the network's (`theirs`), so that it is pushed again. False: the row changed
 * meanwhile, and is pushed anyway.
 */
export async function tellAgain(
  db: SqlRunner,
  table: AccessTable,
  row: { readonly id: string; readonly access_version: number },
  theirs: number,
  { now, events }: { now: Date; events: readonly EventDraft[] },
): Promise<boolean> {
  // Raw SQL: the row and the events in one statement.
  const rows = await db.$queryRaw<unknown[]>(sql`
    WITH written AS (
      UPDATE ${rawSql(`proxy.${table}`)} t SET access_version = greatest(t.access_version, ${theirs}::int) + 1
      WHERE t.id = ${row.id} AND t.access_version = ${row.access_version}::int AND t.access_applied = t.access_version
        RETURNING t.id, t.account_id)
    SELECT written.id, ${syncEvents(sql`written`, 'proxy', events, now)} AS told FROM written`);
  return rows.length > 0;
}

export async function noteSubuserSynced(db: Pick<PrismaClient, 'subuser'>, id: string, now: Date): Promise<void> {
  await db.subuser.updateMany({ where: { id }, data: { synced_at: now } });
}

export async function nextSubusers(db: Pick<PrismaClient, 'subuser'>, from: SyncFrom): Promise<SyncNext[]> {
  return db.subuser.findMany({
    where: { account_id: from.accountId, status: { not: 'deleted' }, ...seqAfter(from) },
    select: { seq: true, id: true },
    orderBy: { seq: 'asc' },
    take: from.limit,
  });
}

/** Proxies and plans in one order: even numbers are proxies, odd ones plans. */
export async function nextWithAccess(db: SqlRunner, { accountId, afterSeq, limit }: SyncFrom): Promise<SyncNext[]> {
  const after = BigInt(afterSeq);
  // Raw SQL: two tables in one order.
  return db.$queryRaw<SyncNext[]>(sql`
    SELECT * FROM (
      (SELECT seq * 2 AS seq, id FROM proxy.proxy WHERE account_id = ${accountId} AND state = 'active'
        AND seq > ${after / 2n}::bigint ORDER BY seq LIMIT ${limit}::int)
      UNION ALL
      (SELECT seq * 2 + 1 AS seq, id FROM proxy.traffic_plan WHERE account_id = ${accountId}
        AND seq > ${(after - 1n) / 2n}::bigint ORDER BY seq LIMIT ${limit}::int)) x
    WHERE seq > ${after}::bigint ORDER BY seq LIMIT ${limit}::int`);
}
