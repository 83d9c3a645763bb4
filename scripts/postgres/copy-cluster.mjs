// A standby: a copy of a running cluster that follows it once it is started.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { runProgram } from './run-program.mjs';
import { give, serverUser } from './server-user.mjs';

/**
 * Copies the cluster at `port` into `dataDir` (empty or missing). The copy calls itself `name` when it follows.
 *
 * @param {{ basebackup: string; port: number; password: string; dataDir: string; name: string }} told
 */
export async function copyCluster({ basebackup, port, password, dataDir, name }) {
  const user = await serverUser();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const passwordFile = join(dirname(dataDir), `${parse(dataDir).base}.pgpass`);
  writeFileSync(passwordFile, `127.0.0.1:*:*:postgres:${password}\n`, { mode: 0o600 });
  give([dataDir, passwordFile], user);
  try {
    await runProgram(
      basebackup,
      [
        `--pgdata=${dataDir}`,
        `--dbname=host=127.0.0.1 port=${port} user=postgres application_name=${name}`,
        '--checkpoint=fast',
        '--wal-method=stream',
        '--write-recovery-conf',
        '--no-sync',
      ],
      user,
      { PGPASSFILE: passwordFile },
    );
  } catch (err) {
    rmSync(dataDir, { recursive: true, force: true });
    throw err;
  }
}
