// Credentials of proxies, plans and sub-users. A data plane knows a customer of a pool by the user name alone, so names
// are unique over all plans and sub-users of all accounts, names in their grace included. A proxy has an entry of its
// own, and any name.
import { inTransaction, rawSql, sql, type Database, type Tx } from '@lumi/shared/db';
import type { ProxyRow } from './proxy-row';
import { SUBUSER, type SubuserRow } from './subusers';
import type { PlanRow } from './traffic';

export interface FreshLogin {
  /** Null: the name stays what it is when the row is written. */
  readonly username: string | null;
  readonly password: Uint8Array;
  /** Until then the present pair works too; null: it ends at once. */
  readonly oldUntil: Date | null;
  readonly now: Date;
}

export interface LoginRows {
  readonly proxy: ProxyRow;
  readonly traffic_plan: PlanRow;
  readonly subuser: SubuserRow;
}

const IS_LIVE = {
  proxy: sql`AND state = 'active'`,
  traffic_plan: sql``,
  subuser: sql`AND status <> 'deleted'`,
} as const;

/**
 * The present pair becomes the old one. `taken`: another plan or sub-user has this name. `over`: there is no such row
 * any more. `busy`: the proxy is being replaced. `alsoThere` is done in the same transaction, when the change is made.
 */
export function setLogin<T extends keyof LoginRows>(
  db: Pick<Database, 'platform'>,
  table: T,
  id: string,
  { username, password, oldUntil, now }: FreshLogin,
  alsoThere: (tx: Tx) => Promise<void>,
): Promise<LoginRows[T] | 'taken' | 'busy' | 'over'> {
  const keep = oldUntil !== null;
  return inTransaction(db, async (tx) => {
    if (username !== null && table !== 'proxy' && (await isTaken(tx, username, id, now))) return 'taken';
    if (table === 'proxy' && (await isBeingReplaced(tx, id))) return 'busy';
    // Raw SQL: columns are copied to others.
    const rows = await tx.$queryRaw<LoginRows[T][]>(sql`
      UPDATE ${rawSql(`proxy.${table}`)} s SET old_username = ${keep ? sql`username` : sql`NULL`},
        old_password = ${keep ? sql`password` : sql`NULL`}, old_until = ${oldUntil}::timestamptz,
        username = coalesce(${username}::text, username), password = ${new Uint8Array(password)}::bytea,
        access_version = access_version + 1, updated_at = ${now}
      WHERE id = ${id} ${IS_LIVE[table]} RETURNING ${table === 'subuser' ? SUBUSER : sql`s.*`}`);
    const [row] = rows;
    if (row === undefined) return 'over';
    await alsoThere(tx);
    return row;
  });
}

/**
 * A new proxy gets the pair that the old one had when its replacement began. The row is locked first: a replacement
 * that had it before is seen, and one that comes later sees the new pair.
 */
async function isBeingReplaced(tx: Tx, id: string): Promise<boolean> {
  // Raw SQL: a lock.
  await tx.$queryRaw(sql`SELECT id FROM proxy.proxy WHERE id = ${id} FOR NO KEY UPDATE`);
  // Raw SQL: two tables.
  const open = await tx.$queryRaw<unknown[]>(sql`
    SELECT 1 FROM proxy.proxy_lock l JOIN proxy.replacement r ON r.order_id = l.order_id WHERE l.proxy_id = ${id}`);
  return open.length > 0;
}

/** Locks the name, so that of two who want it at once the second waits here, and then sees it taken. */
async function isTaken(tx: Tx, username: string, id: string, now: Date): Promise<boolean> {
  // Raw SQL: a lock.
  await tx.$queryRaw(sql`SELECT pg_advisory_xact_lock(hashtext(${`proxy login ${username}`}))::text`);
  // Raw SQL: two tables.
  const others = await tx.$queryRaw<unknown[]>(sql`
    SELECT id FROM proxy.traffic_plan WHERE id <> ${id} AND (username = ${username}
      OR (old_username = ${username} AND old_until > ${now}))
    UNION ALL SELECT id FROM proxy.subuser WHERE id <> ${id} AND (username = ${username}
      OR (old_username = ${username} AND old_until > ${now})) LIMIT 1`);
  return others.length > 0;
}
