// The node beside proxy-chain, and beside squid and dante where they are installed: CPU of the measured processes per
// GB and per new connection, in turns, the best of three.
// Other work on the machine changes CPU time little, and both alike.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../build.mjs';
import { bundleOptions } from '../bundle.mjs';
import { startNatives } from './native-proxies.mjs';
import { startProcess } from './processes.mjs';

/** @typedef {'CONNECT' | 'SOCKS5' | 'HTTP'} Way */
/** @typedef {Pick<Awaited<ReturnType<typeof startProcess>>, 'name' | 'origin' | 'cpuSeconds' | 'stop'>} Measured */

const TURNS = 3;
const PART = Buffer.alloc(1 << 20, 1);
const CONNECTIONS = 3_000;
const AT_ONCE = 16;
const IDLE = 5_000;
const ENTRIES = 10_000;
const GIVE_UP_MS = 120_000;
const LOGIN = `Basic ${Buffer.from('customer:secret-word').toString('base64')}`;
/** @type {readonly Way[]} */
const WAYS = ['CONNECT', 'SOCKS5', 'HTTP'];
/** Those that do not speak all. @type {ReadonlyMap<string, readonly Way[]>} */
const WAYS_OF = new Map([
  ['proxy-chain', ['CONNECT', 'HTTP']],
  ['squid', ['CONNECT', 'HTTP']],
  ['dante', ['SOCKS5']],
]);

/** @param {{ megabytes: number }} told */
export async function benchProxies({ megabytes }) {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-bench-'));
  const target = createServer(serve);
  try {
    const node = await bundledNode(folder);
    const targetPort = await listening(target);
    const ours = [
      await startProcess({ name: 'the node', script: node, env: {} }),
      await startProcess({ name: 'the node, metered, leases, limits', script: node, env: { LIMITS: '1' } }),
      await startProcess({ name: 'proxy-chain', script: join(root, 'scripts/bench/servers/proxy-chain.mjs'), env: {} }),
    ];
    /** @param {Measured} server */
    const waysOf = ({ name }) => WAYS_OF.get(name) ?? WAYS;
    /** @type {Measured[]} */
    const servers = [...ours, ...(await startNatives(folder))];
    const rows = servers.map((server) => ({
      server,
      perGb: new Map(waysOf(server).map((way) => [way, Infinity])),
      per1000: Infinity,
    }));
    for (const { server, perGb } of rows)
      await many(server, [...perGb.keys()][0] ?? 'CONNECT', targetPort, CONNECTIONS);
    for (let turn = 0; turn < TURNS; turn += 1)
      for (const row of rows) {
        for (const [way, best] of row.perGb) {
          const cpu = await cost(row.server, () => transfer({ server: row.server, way, targetPort, megabytes }));
          row.perGb.set(way, Math.min(best, (cpu * 1e9) / (megabytes * PART.length)));
        }
        const [way = 'CONNECT'] = row.perGb.keys();
        const cpu = await cost(row.server, () => many(row.server, way, targetPort, CONNECTIONS));
        row.per1000 = Math.min(row.per1000, (cpu * 1_000) / CONNECTIONS);
      }
    for (const server of servers) await server.stop();
    return {
      idle: await idleMemory(node, targetPort),
      listening: await manyEntries(node),
      rows: rows.map(({ server, perGb, per1000 }) => ({
        name: server.name,
        per1000,
        perGb: WAYS.map((way) => perGb.get(way) ?? null),
      })),
    };
  } finally {
    target.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder */
async function bundledNode(folder) {
  const { build } = await import('esbuild');
  const outfile = join(folder, 'proxy-node.cjs');
  await build({
    ...bundleOptions(root),
    sourcemap: false,
    entryPoints: ['scripts/bench/servers/proxy-node.ts'],
    tsconfig: join(root, 'tsconfig.check.json'),
    outfile,
  });
  return outfile;
}

/** @param {string} node @param {number} targetPort */
async function idleMemory(node, targetPort) {
  const server = await startProcess({ name: 'the node, idle tunnels', script: node, env: {} });
  /** @type {import('node:net').Socket[]} */
  const open = [];
  try {
    while (open.length < IDLE) {
      const more = Array.from({ length: AT_ONCE }, () => tunnel(server, 'CONNECT', targetPort));
      open.push(...(await Promise.all(more)));
    }
    return { tunnels: open.length, mib: server.residentMib() };
  } finally {
    for (const socket of open) socket.destroy();
    await server.stop();
  }
}

/** From the start of the process. @param {string} node */
async function manyEntries(node) {
  const begin = performance.now();
  const env = { ENTRIES: String(ENTRIES) };
  const server = await startProcess({ name: 'the node, entries', script: node, env });
  const seconds = (performance.now() - begin) / 1_000;
  await server.stop();
  return { entries: ENTRIES, seconds };
}

/** @param {Measured} server @param {() => Promise<void>} work */
async function cost(server, work) {
  const before = server.cpuSeconds();
  await work();
  await new Promise((resolve) => setTimeout(resolve, 300)); // what ends after the last byte belongs to it
  return server.cpuSeconds() - before;
}

/** @param {Measured} server @param {Way} way @param {number} targetPort @param {number} count */
async function many(server, way, targetPort, count) {
  let begun = 0;
  const line = async () => {
    while (begun < count) {
      begun += 1;
      const socket = await tunnel(server, way, targetPort);
      socket.write('hello\n');
      if ((await drained(socket)) < 5) throw new Error(`${server.name} carried nothing`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}

/** @param {{ server: Measured; way: Way; targetPort: number; megabytes: number }} told */
async function transfer({ server, way, targetPort, megabytes }) {
  const socket = await tunnel(server, way, targetPort);
  const path = way === 'HTTP' ? `http://127.0.0.1:${targetPort}/${megabytes}` : `/${megabytes}`;
  const login = way === 'HTTP' ? `Proxy-Authorization: ${LOGIN}\r\n` : '';
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${targetPort}\r\n${login}Connection: close\r\n\r\n`);
  if ((await drained(socket)) < megabytes * PART.length) throw new Error(`${server.name} carried less by ${way}`);
}

/**
 * A connection to the target; for plain HTTP, to the proxy.
 *
 * @param {Measured} server
 * @param {Way} way
 * @param {number} targetPort
 * @returns {Promise<import('node:net').Socket>}
 */
async function tunnel(server, way, targetPort) {
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  /** @param {string | Buffer} bytes */
  const ask = (bytes) =>
    new Promise((resolve, reject) => {
      socket.once('data', resolve).once('error', reject);
      socket.once('close', () => reject(new Error(`${server.name} closed a connection`)));
      socket.write(bytes);
    });
  if (way === 'CONNECT') {
    const place = `127.0.0.1:${targetPort}`;
    const answer = await ask(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\nProxy-Authorization: ${LOGIN}\r\n\r\n`);
    if (!String(answer).includes(' 200 ')) throw new Error(`${server.name}: ${String(answer)}`);
  } else if (way === 'SOCKS5') {
    const [, method] = await ask(Buffer.from([5, 2, 0, 2]));
    if (method === 2) await ask(Buffer.from('\x01\x08customer\x0bsecret-word'));
    const answer = await ask(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, targetPort >> 8, targetPort & 255]));
    if (answer[1] !== 0) throw new Error(`${server.name} refused over SOCKS5`);
  }
  return socket;
}

/** All bytes until the end. @param {import('node:net').Socket} socket @returns {Promise<number>} */
function drained(socket) {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    socket.setTimeout(GIVE_UP_MS, () => socket.destroy(new Error('nothing came for too long')));
    socket.on('data', (part) => (bytes += part.length));
    socket.once('error', reject).once('close', () => resolve(bytes));
  });
}

/**
 * Answers `hello` to a word, and to a request as many MiB as its path says.
 *
 * @param {import('node:net').Socket} socket
 */
function serve(socket) {
  socket.on('error', () => undefined);
  socket.once('data', (head) => {
    const [, mib] = /^GET \/(\d+) /.exec(head.toString('latin1')) ?? [];
    if (mib === undefined) return void socket.end('hello');
    let left = Number(mib);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${left * PART.length}\r\nConnection: close\r\n\r\n`);
    const more = () => {
      while (left > 0) {
        left -= 1;
        if (!socket.write(PART)) return void socket.once('drain', more);
      }
      socket.end();
    };
    more();
  });
}

/** @param {import('node:net').Server} server @returns {Promise<number>} */
function listening(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
