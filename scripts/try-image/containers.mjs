// The containers as processes of this machine: run to their end, or started, asked whether they are healthy, stopped.
import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const RUN_LIMIT_MS = 10 * 60_000;
const HEALTHY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
const SAID_MAX = 4_000;

/** @typedef {import('./compose.mjs').Container} Container */
/**
 * @typedef {object} Running
 * @property {import('node:child_process').ChildProcess} child
 * @property {string} said the end of what it printed
 * @property {Promise<number | string | null>} ended its exit code or signal
 */

/** @type {Map<string, Running>} */
const running = new Map();

/**
 * Runs to its end; returns what it printed.
 *
 * @param {Container} container
 * @param {readonly string[]} [more] arguments
 */
export function once({ name, command, folder, env, user }, more = []) {
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, [...args, ...more], {
    cwd: folder,
    env,
    ...user,
    encoding: 'utf8',
    timeout: RUN_LIMIT_MS,
  });
  if (status !== 0) throw new Error(`${name} ${more.slice(0, 2).join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** @param {Container} container */
export function start({ name, command, folder, env, user }) {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: folder, env, ...user, stdio: ['ignore', 'pipe', 'pipe'] });
  /** @type {Running} */
  const one = {
    child,
    said: '',
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal))),
  };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (/** @type {Buffer} */ chunk) => (one.said = (one.said + String(chunk)).slice(-SAID_MAX)));
  running.set(name, one);
}

/**
 * Runs the container's own health check, if it has one, until it passes.
 *
 * @param {Container} container
 */
export async function untilHealthy({ name, healthCheck, folder, env, user }) {
  if (healthCheck === null) return;
  const [program = '', ...args] = healthCheck;
  const until = Date.now() + HEALTHY_LIMIT_MS;
  for (;;) {
    if (spawnSync(program, args, { cwd: folder, env, ...user, timeout: HEALTHY_LIMIT_MS }).status === 0) return;
    const one = running.get(name);
    if (one === undefined || one.child.exitCode !== null || Date.now() > until)
      throw new Error(`${name} does not become healthy:\n${one?.said ?? 'it was not started'}`);
    await sleep(200);
  }
}

/** Tells all to stop; each must end well and in time. */
export async function stopAll() {
  const all = [...running];
  running.clear();
  for (const [, { child }] of all) child.kill('SIGTERM');
  for (const [name, one] of all) {
    const code = await Promise.race([one.ended, sleep(STOP_LIMIT_MS, 'nothing in time', { ref: false })]);
    if (code === 0) continue;
    one.child.kill('SIGKILL');
    throw new Error(`${name} ended with ${code} when told to stop:\n${one.said}`);
  }
}

/** What still runs after a fault. */
export function killAll() {
  for (const { child } of running.values()) child.kill('SIGKILL');
}
