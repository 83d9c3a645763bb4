// One process at a time for a task in this folder (installing, generating, starting the test cluster). A lock is a file
// with the pid of its holder. It never outlives the holder: it is removed when the pid is dead, or when the holder has
// not touched the file for half a minute (a reused pid).
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
  mkdirSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './errors.mjs';

const STALE_MS = 30_000;
const WAIT_MAX_MS = 10 * 60_000;

/**
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 */
export async function withLock(file, work) {
  await acquire(file);
  const release = () => rmSync(file, { force: true });
  const touch = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // The folder was removed meanwhile (a new install), so there is no lock to refresh.
    }
  }, 5_000);
  touch.unref();
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    process.removeListener('exit', release);
    release();
  }
}

/** @param {number} pid */
export function isAlive(pid) {
  if (isZombie(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return codeOf(err) === 'EPERM';
  }
}

/**
 * A process that ended and whose parent has not collected its result, as happens under a simple pid 1 in containers.
 *
 * @param {number} pid
 */
function isZombie(pid) {
  if (process.platform !== 'linux') return false;
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** @param {string} file */
async function acquire(file) {
  mkdirSync(dirname(file), { recursive: true });
  const deadline = Date.now() + WAIT_MAX_MS;
  while (!tryCreate(file)) {
    if (isStale(file)) pushAside(file);
    else if (Date.now() > deadline)
      throw new Error(`Another Lumi process holds ${file} for too long. Stop it, or delete that file.`);
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** @param {string} file */
function tryCreate(file) {
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (err) {
    if (codeOf(err) === 'EEXIST') return false;
    throw err;
  }
}

/** @param {string} file */
function isStale(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    const ageMs = Date.now() - statSync(file).mtimeMs;
    // An empty file is a holder between creating and writing.
    if (!pid) return ageMs > STALE_MS;
    return pid === process.pid ? ageMs > STALE_MS : !isAlive(pid) || ageMs > STALE_MS;
  } catch {
    return false;
  }
}

/** @param {string} file */
function pushAside(file) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    rmSync(aside, { force: true });
  } catch {
    // Another process removed it first: the next attempt to create the file decides.
  }
}
