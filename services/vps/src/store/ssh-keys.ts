// SSH keys of an account.
import { databaseCode, sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { within } from '@lumi/shared/listing';
import type { PrismaClient } from '../generated/db/client';

export interface SshKey {
  readonly seq: bigint;
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly createdAt: Date;
  /** Servers that were made with it and still exist. */
  readonly usedBy: number;
}

type SshKeyTable = Pick<PrismaClient, 'sshKey'>;

const SELECT = sql`
  SELECT k.*, (SELECT count(*)::int FROM vps.server s WHERE s.account_id = k.account_id AND k.id = ANY (s.ssh_key_ids)
    AND s.lifecycle NOT IN ('terminated', 'failed')) AS used_by FROM vps.ssh_key k`;

export async function listSshKeys(
  db: SqlRunner,
  reach: Reach,
  filter: { name?: string | undefined; fingerprint?: string | undefined },
  page: { limit: number; beforeSeq: string | null },
): Promise<SshKey[]> {
  // Raw SQL: each key comes with how many servers use it.
  const rows = await db.$queryRaw<SshKeyRow[]>(sql`${SELECT}
    WHERE ${within(reach, 'k')}
      AND (${filter.name ?? null}::text IS NULL OR k.name = ${filter.name ?? null})
      AND (${filter.fingerprint ?? null}::text IS NULL OR k.fingerprint = ${filter.fingerprint ?? null})
        AND (${page.beforeSeq}::bigint IS NULL OR k.seq < ${page.beforeSeq}::bigint)
    ORDER BY k.seq DESC LIMIT ${page.limit + 1}::int`);
  return rows.map(keyOfRow);
}

export async function findSshKey(db: SqlRunner, reach: Reach, id: string): Promise<SshKey | null> {
  // Raw SQL: as above.
  const rows = await db.$queryRaw<SshKeyRow[]>(sql`${SELECT} WHERE k.id = ${id} AND ${within(reach, 'k')}`);
  return rows[0] === undefined ? null : keyOfRow(rows[0]);
}

/** Whether every one of these is a key of this account. */
export async function ownedKeys(db: SshKeyTable, accountId: string, ids: readonly string[]): Promise<boolean> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return true;
  return (await db.sshKey.count({ where: { account_id: accountId, id: { in: wanted } } })) === wanted.length;
}

/** False: the account has this key already. */
export async function addSshKey(
  db: SqlRunner,
  key: Pick<SshKey, 'id' | 'accountId' | 'name' | 'publicKey' | 'fingerprint'>,
): Promise<boolean> {
  try {
    // Raw SQL: the database stamps the row; the typed client would send the clock of this process.
    await db.$executeRaw(
      sql`INSERT INTO vps.ssh_key (id, account_id, name, public_key, fingerprint)
        VALUES (${key.id}, ${key.accountId}, ${key.name}, ${key.publicKey}, ${key.fingerprint})`,
    );
    return true;
  } catch (err) {
    if (databaseCode(err) === '23505') return false;
    throw err;
  }
}

export async function renameSshKey(db: SshKeyTable, id: string, name: string): Promise<void> {
  await db.sshKey.updateMany({ where: { id }, data: { name } });
}

export async function deleteSshKey(db: SshKeyTable, id: string): Promise<void> {
  await db.sshKey.deleteMany({ where: { id } });
}

interface SshKeyRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly public_key: string;
  readonly fingerprint: string;
  readonly created_at: Date;
  readonly used_by: number;
}

function keyOfRow(row: SshKeyRow): SshKey {
  return {
    seq: row.seq,
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    publicKey: row.public_key,
    fingerprint: row.fingerprint,
    createdAt: row.created_at,
    usedBy: row.used_by,
  };
}
