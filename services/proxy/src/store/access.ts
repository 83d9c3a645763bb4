// What data planes must be told: rows whose access version is ahead of the one in force.
import { sql, type SqlRunner } from '@lumi/shared/db';
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

/** A row changed meanwhile stays ahead and is told again. */
export async function markApplied(db: SqlRunner, table: AccessTable, rows: readonly { readonly id: string; readonly access_version: number }[]): Promise<void> {
  const applied = JSON.stringify(rows.map(({ id, access_version }) => ({ id, version: access_version })));
  const source = sql`FROM jsonb_to_recordset(${applied}::jsonb) AS x(id text, version int) WHERE t.id = x.id AND t.access_applied < x.version`;
  switch (table) {
    case 'proxy':
      await db.$executeRaw(sql`UPDATE proxy.proxy t SET access_applied = x.version ${source}`);
      return;
    case 'traffic_plan':
      await db.$executeRaw(sql`UPDATE proxy.traffic_plan t SET access_applied = x.version ${source}`);
      return;
    case 'subuser':
      await db.$executeRaw(sql`UPDATE proxy.subuser t SET access_applied = x.version ${source}`);
  }
}
