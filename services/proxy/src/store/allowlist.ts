// Allow-lists of an account or of one proxy. The statement of each change also raises the access version of the proxies
// and plans concerned.
import { seqBefore, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import { ownedBy, type Reach } from '@lumi/shared/endpoint';
import type { PrismaClient } from '../generated/db/client';
import type { AllowEntryModel } from '../generated/db/models';

export type AllowRow = Readonly<AllowEntryModel>;

type AllowTable = Pick<PrismaClient, 'allowEntry'>;

/** Entries of the account itself (`proxyId` null) or of one proxy. */
export async function listAllowed(
  db: AllowTable,
  reach: Reach,
  proxyId: string | null,
  page: { limit: number; beforeSeq: string | null },
): Promise<AllowRow[]> {
  return db.allowEntry.findMany({
    where: { proxy_id: proxyId, ...ownedBy(reach), ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
}

export async function countAllowed(db: AllowTable, accountId: string, proxyId: string | null): Promise<number> {
  return db.allowEntry.count({ where: { account_id: accountId, proxy_id: proxyId } });
}

/** The present entry. A block that is sent twice is one entry, with the newest label and expiry. */
export async function allow(
  db: SqlRunner,
  fresh: {
    id: string;
    accountId: string;
    proxyId: string | null;
    block: string;
    label: string | null;
    expiresAt: Date | null;
    now: Date;
  },
): Promise<{ row: AllowRow; isNew: boolean }> {
  // Raw SQL: the entry and the rows it concerns change in one statement, under locks.
  const rows = await db.$queryRaw<(AllowRow & { is_new: boolean })[]>(sql`
    WITH entry AS (
      INSERT INTO proxy.allow_entry AS a (id, account_id, proxy_id, block, label, expires_at, created_at)
      VALUES (${fresh.id}, ${fresh.accountId}, ${fresh.proxyId}::text, ${fresh.block}, ${fresh.label}::text,
        ${fresh.expiresAt}::timestamptz, ${fresh.now})
      ON CONFLICT ON CONSTRAINT allow_entry_once DO UPDATE SET label = excluded.label, expires_at = excluded.expires_at
        RETURNING *, (xmax = 0) AS is_new
    )${touched(fresh.accountId, fresh.proxyId, fresh.now, sql`entry`)}
    SELECT * FROM entry`);
  const row = rows[0];
  if (row === undefined) throw new Error('an upsert returned no row');
  return { row, isNew: row.is_new };
}

export async function disallow(db: SqlRunner, entry: AllowRow, now: Date): Promise<boolean> {
  // Raw SQL: as above.
  const rows = await db.$queryRaw<{ id: string }[]>(sql`
    WITH gone AS (DELETE FROM proxy.allow_entry WHERE id = ${entry.id}
      RETURNING id)${touched(entry.account_id, entry.proxy_id, now, sql`gone`)}
    SELECT id FROM gone`);
  return rows.length > 0;
}

export async function findAllowed(
  db: AllowTable,
  reach: Reach,
  proxyId: string | null,
  id: string,
): Promise<AllowRow | null> {
  return db.allowEntry.findFirst({ where: { id, proxy_id: proxyId, ...ownedBy(reach) } });
}

/** The rows to push to the data plane: one proxy, or all of the account. */
function touched(accountId: string, proxyId: string | null, now: Date, when: Sql): Sql {
  const raise = sql`access_version = t.access_version + 1, updated_at = ${now}`;
  if (proxyId !== null)
    return sql`, touched AS (UPDATE proxy.proxy t SET ${raise} FROM ${when} WHERE t.id = ${proxyId})`;
  return sql`,
    live AS MATERIALIZED (SELECT p.id FROM ${when}, proxy.proxy p WHERE p.account_id = ${accountId}
      AND p.state = 'active' ORDER BY p.id FOR NO KEY UPDATE OF p),
    touched AS (UPDATE proxy.proxy t SET ${raise} FROM live WHERE t.id = live.id),
    touched_plans AS (UPDATE proxy.traffic_plan t SET ${raise} FROM ${when} WHERE t.account_id = ${accountId})`;
}
