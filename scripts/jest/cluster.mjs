// The PostgreSQL of a test run: a throw-away embedded cluster, tuned to forget (no fsync), or the server of
// TEST_DATABASE_URL, which must be one for tests: its lumi_* roles get the tests' passwords.
// LUMI_TEST_KEEP=1 leaves the cluster running for the next run (node_modules/.lumi-test-pg.json tells where).
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../build.mjs';
import { codeOf } from '../errors.mjs';
import { isAlive, withLock } from '../lock.mjs';
import { initCluster, startCluster, stopCluster } from '../postgres.mjs';

const PREFIX = 'lumi-test-pg-';
const keptFile = join(root, 'node_modules', '.lumi-test-pg.json');
/** @typedef {{ readonly ownerUrl: string; stop(): Promise<void> }} TestCluster */
/** @typedef {{ readonly pid: number; readonly dir: string; readonly ownerUrl: string }} Kept */

const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '128MB',
  max_wal_size: '1GB',
  log_min_messages: 'fatal',
};

/**
 * What the setup of this run took and its teardown gives back: both are in one process.
 *
 * @type {{ cluster?: TestCluster }}
 */
export const taken = {};

/**
 * The cluster of this run, and how to stop it.
 *
 * @returns {Promise<TestCluster>}
 */
export async function takeCluster() {
  if (process.env.TEST_DATABASE_URL) return { ownerUrl: process.env.TEST_DATABASE_URL, stop: async () => {} };
  if (process.env.LUMI_TEST_KEEP !== '1') {
    await sweepAbandoned();
    const { dir, cluster } = await freshCluster(process.pid);
    guard(dir, cluster.pid);
    return { ownerUrl: cluster.url('postgres'), stop: () => dispose(dir, cluster.pid) };
  }
  return withLock(`${keptFile}.lock`, async () => {
    const kept = readKept();
    if (kept) return { ownerUrl: kept.ownerUrl, stop: async () => {} };
    const { dir, cluster } = await freshCluster('kept');
    const ownerUrl = cluster.url('postgres');
    writeFileSync(keptFile, JSON.stringify({ pid: cluster.pid, dir, ownerUrl }), { mode: 0o600 });
    return { ownerUrl, stop: async () => {} };
  });
}

/** @param {number | 'kept'} owner */
async function freshCluster(owner) {
  const dir = mkdtempSync(join(tmpdir(), PREFIX));
  // The server's user must be able to pass through to the data folder, which itself stays closed.
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, 'owner'), String(owner));
  const password = randomBytes(16).toString('hex');
  const dataDir = join(dir, 'data');
  try {
    await initCluster({ dataDir, password });
    const cluster = await startCluster({
      dataDir,
      password,
      settings: SETTINGS,
      logFile: join(dir, 'log'),
      detached: true,
    });
    return { dir, cluster };
  } catch (err) {
    rmSync(dir, { recursive: true, force: true });
    throw err;
  }
}

/**
 * Jest does not tear down when it is interrupted, and cannot when it is killed.
 *
 * @param {string} dir
 * @param {number} pid
 */
function guard(dir, pid) {
  const file = join(root, 'scripts', 'jest', 'guard.mjs');
  const child = spawn(process.execPath, [file, dir, String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  // A pipe is a socket, which is not waited for either.
  if (child.stdin instanceof Socket) child.stdin.unref();
}

// If run and guard were both killed, the next run ends the cluster.
async function sweepAbandoned() {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const dir = join(tmpdir(), name);
    const owner = read(join(dir, 'owner'));
    if (!/^\d+$/.test(owner) || isAlive(Number(owner))) continue;
    try {
      await dispose(dir, Number(read(join(dir, 'data', 'postmaster.pid')).split('\n')[0]));
    } catch (err) {
      // Another user's leftovers are for that user to remove.
      if (!['EPERM', 'EACCES'].includes(codeOf(err) ?? '')) throw err;
    }
  }
}

/**
 * Stops the cluster that lives in `dir`, if the pid is still that cluster's, and removes its data.
 *
 * @param {string} dir
 * @param {number} pid
 */
export async function dispose(dir, pid) {
  if (pid && isOurs(pid, dir)) await stopCluster(pid);
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

/** @returns {Kept | undefined} */
function readKept() {
  try {
    /** @type {Kept} */
    const kept = JSON.parse(readFileSync(keptFile, 'utf8'));
    return isAlive(kept.pid) && isOurs(kept.pid, kept.dir) ? kept : undefined;
  } catch {
    // Missing or half-written: a new cluster is started.
    return undefined;
  }
}

/**
 * Another process may have the pid by now; if the system cannot say, the pid is trusted.
 *
 * @param {number} pid
 * @param {string} dir
 */
function isOurs(pid, dir) {
  if (process.platform !== 'linux') return isAlive(pid);
  return read(`/proc/${pid}/cmdline`).includes(dir);
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
