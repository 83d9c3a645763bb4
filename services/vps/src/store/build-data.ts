// What a server is built with: keys and user data, kept until it stands.
import { sql, type SqlRunner } from '@lumi/shared/db';

/** What a machine is made of, as the row has it: the supplier call is repeated from this alone. */
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
