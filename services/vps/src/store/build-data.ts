// The data a server is built with: keys and user data, kept until the server is ready.
import { sql, type SqlRunner } from '@lumi/shared/db';

/** The data of a new machine, from the row. They suffice to repeat the supplier call. */
export async function findBuildData(
  db: SqlRunner,
  id: string,
): Promise<{
  readonly sshKeys: readonly string[];
  readonly userData: Uint8Array | null;
  readonly start: boolean;
} | null> {
  const rows = await db.$queryRaw<
    { ssh_keys: string[]; user_data: Uint8Array | null; start_after_create: boolean }[]
  >(sql`
    SELECT ssh_keys, user_data, start_after_create FROM vps.server WHERE id = ${id}`);
  const row = rows[0];
  return row === undefined ? null : { sshKeys: row.ssh_keys, userData: row.user_data, start: row.start_after_create };
}
