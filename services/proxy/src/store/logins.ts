// Credentials of plans and sub-users. A data plane knows a customer of a pool by the user name alone, so names are
// unique over all plans and sub-users of all accounts, names in their grace included.
import { inTransaction, rawSql, sql, type Database } from '@lumi/shared/db';
import { planOfRow, type PlanRow } from './traffic';
import { subuserOfRow, type SubuserRow } from './subusers';

export interface FreshLogin {
  readonly username: string;
  readonly password: Uint8Array;
  /** Until then the present pair works too; null: it ends at once. */
  readonly oldUntil: Date | null;
  readonly now: Date;
}

type Db = Pick<Database, 'platform'>;

/** `taken`: another plan or sub-user has this name. Null: there is no such plan. */
export async function setPlanLogin(db: Db, id: string, fresh: FreshLogin): Promise<PlanRow | 'taken' | null> {
  const row = await setLogin<Parameters<typeof planOfRow>[0]>(db, 'traffic_plan', id, fresh);
  return row === null || row === 'taken' ? row : planOfRow(row);
}

/** The same for a sub-user. */
export async function setSubuserLogin(db: Db, id: string, fresh: FreshLogin): Promise<SubuserRow | 'taken' | null> {
  const row = await setLogin<Parameters<typeof subuserOfRow>[0]>(db, 'subuser', id, fresh);
  return row === null || row === 'taken' ? row : subuserOfRow(row);
}

function setLogin<R>(
  db: Db,
  table: 'traffic_plan' | 'subuser',
  id: string,
  { username, password, oldUntil, now }: FreshLogin,
): Promise<R | 'taken' | null> {
  const keep = oldUntil !== null;
  const isThere = table === 'subuser' ? sql`AND status <> 'deleted'` : sql``;
  return inTransaction(db, async (tx) => {
    // Raw SQL: of two who want one name at once, the second waits here, and then sees it taken.
    await tx.$queryRaw(sql`SELECT pg_advisory_xact_lock(hashtext(${`proxy login ${username}`}))::text`);
    // Raw SQL: two tables.
    const others = await tx.$queryRaw<unknown[]>(sql`
      SELECT id FROM proxy.traffic_plan WHERE id <> ${id} AND (username = ${username}
        OR (old_username = ${username} AND old_until > ${now}))
      UNION ALL SELECT id FROM proxy.subuser WHERE id <> ${id} AND (username = ${username}
        OR (old_username = ${username} AND old_until > ${now})) LIMIT 1`);
    if (others.length > 0) return 'taken';
    // Raw SQL: columns are copied to others.
    const rows = await tx.$queryRaw<R[]>(sql`
      UPDATE ${rawSql(`proxy.${table}`)} SET old_username = ${keep ? sql`username` : sql`NULL`},
        old_password = ${keep ? sql`password` : sql`NULL`}, old_until = ${oldUntil}::timestamptz,
        username = ${username}, password = ${new Uint8Array(password)}::bytea, access_version = access_version + 1,
        updated_at = ${now}
      WHERE id = ${id} ${isThere} RETURNING *`);
    return rows[0] ?? null;
  });
}
