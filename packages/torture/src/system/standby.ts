// A standby that has everything before a commit is confirmed, so that nothing that was confirmed is lost with the
// primary.
import { Client } from 'pg';
import { soon } from '../waiting';
import type { GuardedServer } from './guarded-server';
import type { Machine } from './machine';

const FOLLOWS_LIMIT_MS = 60_000;
const PROMOTED_LIMIT_S = 60;
const LOOK_EVERY_MS = 50;

interface Following {
  readonly machine: Machine;
  readonly primary: GuardedServer;
  readonly standby: GuardedServer;
  readonly name: string;
}

/** Copies the primary, follows it, and only then lets commits wait for the copy. */
export async function follow({ machine, primary, standby, name }: Following): Promise<void> {
  const { programs, password, dataDir } = standby.options;
  if (programs === undefined) throw new Error('a standby needs the programs of the system');
  await machine.copyCluster({ basebackup: programs.basebackup, port: primary.port, password, dataDir, name });
  await standby.start();
  await asOwner(primary, (client) => client.query(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`));
  await asOwner(primary, (client) => client.query('SELECT pg_reload_conf()'));
  const isFollowing = await soon(
    () =>
      asOwner(primary, async (client) => {
        const { rowCount } = await client.query(
          "SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming' " +
            "AND sync_state = 'sync'",
          [name],
        );
        return rowCount === 1;
      }),
    FOLLOWS_LIMIT_MS,
    LOOK_EVERY_MS,
  );
  if (isFollowing !== true) throw new Error(`the standby does not follow; its log is ${standby.options.logFile}`);
}

/** It becomes a server of its own, which waits for nobody. */
export async function promote(standby: GuardedServer): Promise<void> {
  await asOwner(standby, async (client) => {
    const { rows } = await client.query<{ promoted: boolean }>('SELECT pg_promote(true, $1) AS promoted', [
      PROMOTED_LIMIT_S,
    ]);
    if (rows[0]?.promoted !== true) throw new Error(`the standby was not promoted in ${PROMOTED_LIMIT_S} s`);
  });
}

async function asOwner<T>(server: GuardedServer, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: server.url('postgres') });
  client.on('error', () => undefined); // the query in flight fails as well
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
