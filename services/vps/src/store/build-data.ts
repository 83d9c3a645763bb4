// The data a server is built with: keys and user data, kept until the server is ready.
import type { PrismaClient } from '../generated/db/client';

/** The data of a new machine, from the row. They suffice to repeat the supplier call. */
export async function findBuildData(
  db: Pick<PrismaClient, 'server'>,
  id: string,
): Promise<{
  readonly sshKeys: readonly string[];
  readonly userData: Uint8Array | null;
  readonly start: boolean;
} | null> {
  const row = await db.server.findUnique({
    where: { id },
    select: { ssh_keys: true, user_data: true, start_after_create: true },
  });
  return row === null ? null : { sshKeys: row.ssh_keys, userData: row.user_data, start: row.start_after_create };
}
