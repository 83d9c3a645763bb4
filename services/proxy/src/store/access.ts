// What data planes must be told: rows whose access version is ahead of the one in force.
import { rawSql, sql, type SqlRunner } from '@lumi/shared/db';
import type { ProxyRow } from './proxy-row';
import type { PlanRow, SubuserRow } from './traffic';

export type AccessTable = 'proxy' | 'traffic_plan' | 'subuser';

export async function dirtyProxies(db: SqlRunner, limit: number): Promise<ProxyRow[]> {
  return db.$queryRaw<ProxyRow[]>(sql`SELECT * FROM proxy.proxy WHERE access_applied < access_version ORDER BY id LIMIT ${limit}::int`);
}

export async function dirtyPlans(db: SqlRunner, limit: number): Promise<PlanRow[]> {
  return db.$queryRaw<PlanRow[]>(sql`SELECT * FROM proxy.traffic_plan WHERE access_applied < access_version ORDER BY id LIMIT ${limit}::int`);
}

export async function dirtySubusers(db: SqlRunner, limit: number): Promise<(SubuserRow & { readonly network_id: string; readonly plan_expires_at: Date })[]> {
  return db.$queryRaw<(SubuserRow & { network_id: string; plan_expires_at: Date })[]>(sql`
    SELECT s.*, p.network_id, p.expires_at AS plan_expires_at FROM proxy.subuser s JOIN proxy.traffic_plan p ON p.id = s.plan_id WHERE s.access_applied < s.access_version ORDER BY s.id LIMIT ${limit}::int`);
}

/** Addresses let in, of these accounts (key: account id) and of these proxies (key: proxy id). */
export async function allowedBlocks(db: SqlRunner, accountIds: readonly string[], proxyIds: readonly string[], now: Date): Promise<ReadonlyMap<string, string[]>> {
  const rows = await db.$queryRaw<{ owner: string; blocks: string[] }[]>(sql`
    SELECT coalesce(proxy_id, account_id) AS owner, array_agg(block ORDER BY seq) AS blocks FROM proxy.allow_entry
    WHERE (expires_at IS NULL OR expires_at > ${now}) AND (proxy_id = ANY (${[...proxyIds]}::text[]) OR (proxy_id IS NULL AND account_id = ANY (${[...accountIds]}::text[]))) GROUP BY 1`);
  return new Map(rows.map((row) => [row.owner, row.blocks]));
}

/** A row changed meanwhile stays ahead and is told again. Locked in the order of their ids, so that two workers wait for each other and do not deadlock. */
export async function markApplied(db: SqlRunner, table: AccessTable, rows: readonly { readonly id: string; readonly access_version: number }[]): Promise<void> {
  const applied = JSON.stringify(rows.map(({ id, access_version }) => ({ id, version: access_version })));
  const name = rawSql(`proxy.${table}`);
  await db.$executeRaw(sql`
    WITH due AS (
      SELECT t.id, x.version FROM ${name} t JOIN jsonb_to_recordset(${applied}::jsonb) AS x(id text, version int) ON x.id = t.id
      WHERE t.access_applied < x.version ORDER BY t.id FOR NO KEY UPDATE OF t)
    UPDATE ${name} t SET access_applied = due.version FROM due WHERE t.id = due.id AND t.access_applied < due.version`);
}
