// A pid alone does not identify a process, because pids are reused, after a reboot or a container restart at once. The
// pid together with the start time does.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @typedef {{ readonly pid: number; readonly started: string }} ProcessIdentity */

/**
 * Of a living process; null when there is none.
 *
 * @param {number} pid
 * @returns {ProcessIdentity | null}
 */
export function identityOf(pid) {
  const started = startOf(pid);
  return started === null ? null : { pid, started };
}

/** @param {ProcessIdentity} identity */
export function isSameProcess(identity) {
  return identity.pid > 0 && startOf(identity.pid) === identity.started;
}

/**
 * @param {number} pid
 * @returns {string | null}
 */
function startOf(pid) {
  if (process.platform !== 'linux') return startByPs(pid);
  try {
    // The second field is the name in parentheses and may hold anything; the state follows it, the start time is the
    // 22nd.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return `${bootId()}/${fields[19]}`;
  } catch {
    // No such process.
    return null;
  }
}

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 13);
}

/**
 * @param {number} pid
 * @returns {string | null}
 */
function startByPs(pid) {
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || null
    );
  } catch {
    // ps exits 1 when there is no such process.
    return null;
  }
}

/**
 * Waits until `condition()` holds; false when it did not within the bound.
 *
 * @param {() => boolean} condition
 * @param {number} limitMs
 */
export async function waitUntil(condition, limitMs, stepMs = 50) {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
  return true;
}
