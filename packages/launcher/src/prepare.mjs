// Installs, builds and bundles what is not there or has changed, as a process of its own: the launcher can end it, with
// all that npm and pnpm started, when the user stops it.
import { fork } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isBuilt, sourceStamp } from '../../../scripts/build.mjs';
import { bundle, isBundled } from '../../../scripts/bundle.mjs';
import { codeOf, messageOf } from '../../../scripts/errors.mjs';
import { install, isInstalled } from '../../../scripts/install.mjs';
import { Interrupted, Refusal, diskFull } from './refusal.mjs';

const self = fileURLToPath(import.meta.url);
/**
 * npm and the compiler report a full disk in many lines; with less free space than this we report it in one sentence.
 */
const NEARLY_FULL_BYTES = 32 * 1024 * 1024;

/** @param {{ root: string; signal: AbortSignal }} told */
export async function prepare({ root, signal }) {
  if (isPrepared()) return;
  /** @type {Promise<void>} */
  const done = new Promise((resolve, reject) => {
    const child = fork(self, [], { execArgv: [], detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const end = () => {
      if (child.pid !== undefined) endGroup(child.pid);
    };
    signal.addEventListener('abort', end, { once: true });
    let sentence = 'Installing or building failed (see above).';
    child.on('message', (/** @type {{ sentence: string }} */ message) => (sentence = message.sentence));
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(new Interrupted());
      else if (code === 0) resolve();
      else reject(isNearlyFull(root) ? diskFull(root) : new Refusal(sentence));
    });
  });
  await done;
}

/** The usual case, which needs no extra process. */
function isPrepared() {
  if (!isInstalled({ tools: false })) return false;
  const sources = sourceStamp();
  return isBuilt(sources) && isBundled(sources);
}

/** @param {string} folder */
function isNearlyFull(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < NEARLY_FULL_BYTES;
}

/** @param {number} pid */
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (err) {
    if (codeOf(err) !== 'ESRCH') throw err;
  }
}

async function main() {
  // The launcher was killed, so the result is not needed any more.
  process.on('disconnect', () => endGroup(process.pid));
  try {
    await install({ tools: false });
    await bundle();
    process.exit(0);
  } catch (err) {
    process.send?.({ sentence: messageOf(err) }, undefined, undefined, () => process.exit(1));
  }
}

if (process.argv[1] === self && process.send !== undefined) await main();
