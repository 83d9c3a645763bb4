// Child processes of the bench: started, asked for their port over IPC, measured in CPU seconds, stopped by their own
// handle.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';

const READY_LIMIT_MS = 30_000;
const TICKS_PER_SECOND = 100;

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {{ name: string; script: string; env: Readonly<Record<string, string>> }} Told */

/** @type {Set<ChildProcess>} */
const running = new Set();

/** @param {Told} told */
export async function startProcess({ name, script, env }) {
  const child = fork(script, {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  /** @type {Promise<number>} */
  const ready = new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready within ${READY_LIMIT_MS} ms`)),
      READY_LIMIT_MS,
    );
    child.on('message', (/** @type {{ type?: string; port: number } | null} */ message) => {
      if (message?.type !== 'ready') return;
      clearTimeout(timer);
      resolve(message.port);
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  const port = await ready;
  return {
    name,
    origin: `http://127.0.0.1:${port}`,
    cpuSeconds: () => cpuSeconds(child.pid),
    residentMib: () => residentMib(child.pid),
    stop: () => stop(child),
  };
}

export async function stopAll() {
  await Promise.all([...running].map(stop));
}

/** @param {ChildProcess} child */
async function stop(child) {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}

/**
 * User and system time of the whole process; NaN where there is no /proc.
 *
 * @param {number | undefined} pid
 */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

/**
 * NaN where there is no /proc.
 *
 * @param {number | undefined} pid
 */
function residentMib(pid) {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}
