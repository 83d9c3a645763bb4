// The PostgreSQL from npm, as processes of ours: for `npm start` (persistent data) and for tests (temporary data).
// PostgreSQL refuses to run as root; then its processes run as the system user `postgres`, made when missing. If that
// user cannot read this folder (a clone under /root), its programs are copied to a place that it can read.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from './lock.mjs';
import { untilReady } from './postgres/readiness.mjs';
import { runProgram, serverEnv } from './postgres/run-program.mjs';
import { programs } from './postgres/server-programs.mjs';
import { give, serverUser } from './postgres/server-user.mjs';

export { dataDirFor } from './postgres/reachable.mjs';
export { copyCluster } from './postgres/copy-cluster.mjs';
export { systemPrograms } from './postgres/system-programs.mjs';
export { serverUser } from './postgres/server-user.mjs';

/** @typedef {{ readonly initdb: string; readonly postgres: string }} Programs */

const STOP_MAX_MS = 20_000;

/**
 * Makes a cluster in `dataDir` (empty or missing) with the superuser `postgres`; by the programs of the npm package, or
 * by those that are named.
 *
 * @param {{ dataDir: string; password: string; programs?: Programs | undefined }} told
 */
export async function initCluster({ dataDir, password, programs: named }) {
  const user = await serverUser();
  const { initdb } = named ?? (await programs(user));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  give([dataDir], user);
  const secretDir = mkdtempSync(join(tmpdir(), 'lumi-init-'));
  const passwordFile = join(secretDir, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  give([secretDir, passwordFile], user);
  try {
    await runProgram(
      initdb,
      [
        `--pgdata=${dataDir}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ],
      user,
    );
  } finally {
    rmSync(secretDir, { recursive: true, force: true });
  }
}

/**
 * Starts the cluster on 127.0.0.1 and resolves with { pid, port, url(database), stop() } when it accepts connections.
 * Without `port` a free one is taken. `detached` lets it outlive this process.
 *
 * @param {object} told
 * @param {string} told.dataDir
 * @param {string} told.password
 * @param {number | undefined} [told.port]
 * @param {Readonly<Record<string, string | number>>} [told.settings]
 * @param {string} told.logFile
 * @param {boolean} [told.detached]
 * @param {Programs | undefined} [told.programs]
 */
export async function startCluster({
  dataDir,
  password,
  port,
  settings = {},
  logFile,
  detached = false,
  programs: named,
}) {
  const user = await serverUser();
  const { postgres } = named ?? (await programs(user));
  const chosenPort = port ?? (await freePort());
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: chosenPort, ...settings };
  const args = ['-D', dataDir, ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`])];
  const log = openSync(logFile, 'a');
  // Its own process group: Ctrl-C in the terminal must reach only us; we stop it when it is no longer needed.
  const child = spawn(postgres, args, {
    ...user,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: serverEnv(),
  });
  closeSync(log);
  let isGone = false;
  child.on('exit', () => {
    isGone = true;
  });
  child.on('error', () => {
    isGone = true;
  });
  if (detached) child.unref();
  await untilReady(() => isGone, chosenPort, dataDir, logFile);
  const { pid } = child;
  if (pid === undefined) throw new Error('PostgreSQL could not be started');
  const url = (/** @type {string} */ database) =>
    `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${chosenPort}/${database}`;
  return { pid, port: chosenPort, url, stop: () => stopCluster(pid, () => isGone) };
}

/**
 * Fast shutdown: ends sessions; all commits are on disk. Kills after a bounded wait.
 *
 * @param {number} pid
 */
export async function stopCluster(pid, isGone = () => !isAlive(pid)) {
  if (isGone()) return;
  signal(pid, 'SIGINT');
  const deadline = Date.now() + STOP_MAX_MS;
  while (!isGone() && isAlive(pid)) {
    if (Date.now() > deadline) {
      signal(pid, 'SIGQUIT');
      return;
    }
    await pause(20);
  }
}

/** @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : 0));
    });
  });
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in the meantime.
  }
}
