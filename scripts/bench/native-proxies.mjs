// squid and dante beside the node, where they are installed; nothing is fetched. Neither asks for a login, keeps a
// cache or writes a log, which makes them cheaper than they would be in use.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const READY_LIMIT_MS = 15_000;
const READY_EVERY_MS = 50;
const STOP_LIMIT_MS = 5_000;
const TICKS_PER_SECOND = 100;

/**
 * @typedef {object} Native
 * @property {string} name
 * @property {string} command
 * @property {(file: string) => string[]} args
 * @property {(port: number) => string} settings
 */

/** @type {readonly Native[]} */
const NATIVES = [
  {
    name: 'squid',
    command: 'squid',
    args: (file) => ['-N', '-f', file],
    settings: (port) => `http_port 127.0.0.1:${port}
pid_filename none
cache deny all
access_log none
cache_log /dev/null
cache_store_log none
tcp_outgoing_address 127.0.0.1
http_access allow all
shutdown_lifetime 1 second
via off
forwarded_for delete
`,
  },
  {
    name: 'dante',
    command: 'danted',
    args: (file) => ['-f', file, '-p', `${file}.pid`],
    settings: (port) => `logoutput: /dev/null
internal: 127.0.0.1 port = ${port}
external: 127.0.0.1
socksmethod: none
clientmethod: none
client pass { from: 127.0.0.0/8 to: 127.0.0.0/8 }
socks pass { from: 127.0.0.0/8 to: 127.0.0.0/8 }
`,
  },
];

/**
 * Those that are installed, started. Stop each.
 *
 * @param {string} folder
 */
export async function startNatives(folder) {
  const started = [];
  for (const native of NATIVES) if (isInstalled(native.command)) started.push(await start(native, folder));
  return started;
}

/** @param {string} command */
function isInstalled(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** @param {Native} native @param {string} folder */
async function start({ name, command, args, settings }, folder) {
  const port = await freePort();
  const file = join(folder, `${name}.conf`);
  writeFileSync(file, settings(port));
  const child = spawn(command, args(file), { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const endAt = performance.now() + READY_LIMIT_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > endAt) {
      child.kill('SIGKILL');
      throw new Error(`${name} does not start`);
    }
    await new Promise((resolve) => setTimeout(resolve, READY_EVERY_MS));
  }
  return {
    name,
    origin: `http://127.0.0.1:${port}`,
    cpuSeconds: () => cpuOfTree(child.pid ?? 0),
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/**
 * Of a process and all below it, those included that have ended and were waited for.
 *
 * @param {number} pid
 */
function cpuOfTree(pid) {
  /** @type {Map<number, { parent: number; ticks: number }>} */
  const all = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
      all.set(Number(entry), { parent: Number(fields[1]), ticks });
    } catch {
      // It ended meanwhile.
    }
  }
  let ticks = 0;
  for (const [one, { ticks: own }] of all) {
    let at = one;
    while (at > 1 && at !== pid) at = all.get(at)?.parent ?? 0;
    if (at === pid) ticks += own;
  }
  return ticks / TICKS_PER_SECOND;
}

/** @param {number} port @returns {Promise<boolean>} */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
