// The data folder and its lock: one launcher per folder. The lock names the launcher and the processes it started. So
// the next start, after a SIGKILL or a power cut, can distinguish a living owner from a dead one, and can end the
// processes that a dead one left running.
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../../scripts/errors.mjs';
import { identityOf, isSameProcess, waitUntil } from './process-identity.mjs';
import { Refusal } from './refusal.mjs';

const ATTEMPTS_MAX = 5;
const LEFTOVER_WAIT_MS = 15_000;

/** @typedef {import('./process-identity.mjs').ProcessIdentity} ProcessIdentity */
/** @typedef {ProcessIdentity & { readonly children: readonly ProcessIdentity[] }} Lock */

export class DataFolder {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.lockFile = join(path, 'lock');
    this.logs = join(path, 'logs');
    /** @type {Map<string, ProcessIdentity>} */
    this.children = new Map();
    this.isLocked = false;
  }

  /**
   * Creates the folder if needed and locks it; ends processes that a killed launcher left behind. Refuses when it is in
   * use.
   */
  async open() {
    this.refuseForeign();
    try {
      // As root, PostgreSQL runs as another user and has to pass through this folder; the secrets in it are files of
      // mode 0600.
      mkdirSync(this.path, { recursive: true });
      chmodSync(this.path, process.getuid?.() === 0 ? 0o711 : 0o700);
      mkdirSync(this.logs, { recursive: true, mode: 0o700 });
    } catch (err) {
      const code = codeOf(err);
      if (code === 'EEXIST' || code === 'ENOTDIR')
        throw new Refusal(`The data folder ${this.path} cannot be used: something that is not a folder is in the way.`);
      throw err;
    }
    const left = this.acquire();
    await this.endLeftovers(left);
  }

  // Root may write everywhere, but the folder's user could not open root's files afterwards.
  refuseForeign() {
    const owned = statSync(join(this.path, 'secrets.json'), { throwIfNoEntry: false });
    if (owned === undefined || process.getuid === undefined || owned.uid === process.getuid()) return;
    throw new Refusal(
      `The data folder ${this.path} belongs to another user (uid ${owned.uid}); start Lumi as that user, or ` +
        'set LUMI_DATA_DIR to another folder.',
    );
  }

  /** The sentence for a folder that a living launcher holds, otherwise null. Changes nothing. */
  refusalIfInUse() {
    const owner = exists(this.lockFile) ? readLock(this.lockFile) : null;
    return owner !== null && isSameProcess(owner) ? this.inUse(owner.pid) : null;
  }

  /**
   * Remembers a child in the lock, by name; null forgets it.
   *
   * @param {string} name
   * @param {number | null} pid
   */
  record(name, pid) {
    const identity = pid === null ? null : identityOf(pid);
    if (identity === null) this.children.delete(name);
    else this.children.set(name, identity);
    if (this.isLocked) writeAtomically(this.lockFile, this.content());
  }

  close() {
    if (!this.isLocked) return;
    this.isLocked = false;
    rmSync(this.lockFile, { force: true });
  }

  acquire() {
    const own = `${this.lockFile}.${process.pid}`;
    writeFileSync(own, this.content(), { mode: 0o600 });
    /** @type {readonly ProcessIdentity[]} */
    let left = [];
    try {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        try {
          placeLock(own, this.lockFile);
          this.isLocked = true;
          return left;
        } catch (err) {
          if (codeOf(err) !== 'EEXIST') throw err;
        }
        left = [...left, ...this.pushAside()];
      }
    } finally {
      rmSync(own, { force: true });
    }
    throw this.inUse(null);
  }

  // Only the lock of a dead owner may be removed. Between reading and renaming another process may have taken it over,
  // so the renamed file is read again, and put back when its owner is alive.
  /** @returns {readonly ProcessIdentity[]} the children of the dead owner */
  pushAside() {
    const owner = readLock(this.lockFile);
    if (owner === null) return [];
    if (isSameProcess(owner)) throw this.inUse(owner.pid);
    const aside = `${this.lockFile}.stale.${process.pid}`;
    try {
      renameSync(this.lockFile, aside);
    } catch (err) {
      if (codeOf(err) === 'ENOENT') return [];
      throw err;
    }
    const moved = readLock(aside);
    if (moved !== null && isSameProcess(moved)) {
      renameSync(aside, this.lockFile);
      throw this.inUse(moved.pid);
    }
    rmSync(aside, { force: true });
    return moved?.children ?? [];
  }

  /** @param {readonly ProcessIdentity[]} identities */
  async endLeftovers(identities) {
    const alive = identities.filter(isSameProcess);
    for (const { pid } of alive) kill(pid, 'SIGTERM');
    if (await waitUntil(() => !alive.some(isSameProcess), LEFTOVER_WAIT_MS)) return;
    for (const identity of alive.filter(isSameProcess)) kill(identity.pid, 'SIGKILL');
    await waitUntil(() => !alive.some(isSameProcess), LEFTOVER_WAIT_MS);
  }

  /** @param {number | null} pid */
  inUse(pid) {
    const who = pid === null ? '' : ` (process ${pid})`;
    return new Refusal(
      `Lumi is already running on ${this.path}${who}; stop it first, or set LUMI_DATA_DIR and PORT for a ` +
        'second installation.',
    );
  }

  content() {
    return JSON.stringify({ ...identityOf(process.pid), children: [...this.children.values()] });
  }
}

/**
 * @param {string} file
 * @param {string} text
 */
export function writeAtomically(file, text) {
  const next = `${file}.next`;
  try {
    writeFileSync(next, text, { mode: 0o600, flush: true });
    renameSync(next, file);
  } catch (err) {
    rmSync(next, { force: true });
    throw err;
  }
}

// A link appears whole or not at all. Disks without links get a plain exclusive create.
/**
 * @param {string} own
 * @param {string} lockFile
 */
function placeLock(own, lockFile) {
  try {
    linkSync(own, lockFile);
  } catch (err) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(err) ?? '')) throw err;
    writeFileSync(lockFile, readFileSync(own), { mode: 0o600, flag: 'wx' });
  }
}

/**
 * Null when there is none. An unreadable lock (a crash while writing) counts as one whose owner is dead.
 *
 * @param {string} file
 * @returns {Lock | null}
 */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return null;
    if (err instanceof SyntaxError) return { pid: 0, started: '', children: [] };
    throw err;
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (err) {
    if (codeOf(err) !== 'ESRCH') throw err;
  }
}

/** @param {string} path */
export function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
