// Waits until a cluster that was started accepts connections, or says why it does not.
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readIfThere } from './read-if-there.mjs';

const START_MAX_MS = 60_000;

/**
 * @param {() => boolean} isGone
 * @param {number} port
 * @param {string} dataDir
 * @param {string} logFile
 */
export async function untilReady(isGone, port, dataDir, logFile) {
  const deadline = Date.now() + START_MAX_MS;
  for (;;) {
    if (isGone()) throw new Error(`PostgreSQL did not start: ${lastWords(logFile)}`);
    // The line "ready" in postmaster.pid is written after recovery, when connections are accepted; "standby" by a
    // server that follows another one and accepts readers.
    if (/^(ready|standby)\s*$/m.test(readIfThere(join(dataDir, 'postmaster.pid'))) && (await answers(port))) return;
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
