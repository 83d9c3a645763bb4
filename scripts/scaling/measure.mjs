// Measures what one read and one purchase cost each kind of process, in CPU time, which other work on the machine
// hardly changes: loopback, bounded in time and requests, PostgreSQL with its safe settings.
import { readFileSync, readdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { bundled } from '../bundle.mjs';
import { root } from '../build.mjs';
import { paced } from '../bench/load.mjs';
import { startProcess } from '../bench/processes.mjs';

/** @typedef {import('../bench/installation.mjs').Installation} Installation */
/** @typedef {import('./model.mjs').Kind} Kind */
/** @typedef {import('./model.mjs').Point} Point */

const BUYERS = 50;
const CONNECTIONS = 16;
const TICK_MS = 10;
/** Each point: reads and purchases a second. The last ones are mixtures, which the model has to foretell. */
const POINTS = [
  { name: 'idle', reads: 0, purchases: 0 },
  { name: 'reads', reads: 200, purchases: 0 },
  { name: 'purchases', reads: 0, purchases: 60 },
  { name: 'mixture', reads: 150, purchases: 20 },
  { name: 'mostly purchases', reads: 40, purchases: 50 },
  { name: 'half of all', reads: 100, purchases: 30 },
];

/**
 * @param {{ installation: Installation; pid: number; seconds: number; say: (line: string) => void }} told
 * @returns {Promise<Point[]>}
 */
export async function measure({ installation, pid, seconds, say }) {
  const env = { ...installation.serviceEnv('domains'), SANDBOX_SLOW_MS: '1' };
  const domains = await startProcess({ name: 'domains', script: bundled(root, 'services/domains/dist/server'), env });
  const worker = await startProcess({
    name: 'worker',
    script: bundled(root, 'services/domains/dist/worker'),
    env,
  });
  const gateway = await startProcess({
    name: 'gateway',
    script: bundled(root, 'gateway/dist/server'),
    env: installation.gatewayEnv(domains.origin),
  });
  const buyers = await installation.makeKeys(BUYERS);
  const next = requestsOf(buyers);
  const cpu = () => ({
    gateway: gateway.cpuSeconds() * 1_000,
    service: domains.cpuSeconds() * 1_000,
    worker: worker.cpuSeconds() * 1_000,
    postgres: familyCpuMs(pid),
  });
  /** @type {Point[]} */
  const points = [];
  // Code that has run often is compiled well; that is the state a process is in for most of its life.
  await answered({ origin: gateway.origin, next, reads: 200, purchases: 60, seconds: 10 });
  for (const { name, reads, purchases } of POINTS) {
    const before = cpu();
    const startedAt = performance.now();
    const load = await answered({ origin: gateway.origin, next, reads, purchases, seconds });
    const elapsedS = (performance.now() - startedAt) / 1_000;
    const after = cpu();
    /** @param {Kind} kind */
    const each = (kind) => (after[kind] - before[kind]) / elapsedS;
    const point = {
      name,
      load: { reads: load.reads / elapsedS, purchases: load.purchases / elapsedS },
      cpu: { gateway: each('gateway'), service: each('service'), worker: each('worker'), postgres: each('postgres') },
    };
    points.push(point);
    say(`${name}: ${JSON.stringify(point.load)} ${JSON.stringify(point.cpu)}`);
  }
  for (const one of [gateway, domains, worker]) await one.stop();
  return points;
}

/**
 * @param {{
 *   origin: string;
 *   next: ReturnType<typeof requestsOf>;
 *   reads: number;
 *   purchases: number;
 *   seconds: number;
 * }} told
 */
async function answered({ origin, next, reads, purchases, seconds }) {
  const target = { origin, connections: CONNECTIONS, seconds };
  const runs = await Promise.all([
    reads === 0 ? null : paced({ ...target, perSecond: reads, next: next.read, expect: 200 }),
    purchases === 0 ? null : paced({ ...target, perSecond: purchases, next: next.buy, expect: 201 }),
    new Promise((resolve) => setTimeout(resolve, seconds * 1_000)),
  ]);
  return { reads: runs[0]?.requests ?? 0, purchases: runs[1]?.requests ?? 0 };
}

/** @param {readonly import('../bench/installation.mjs').Buyer[]} buyers */
function requestsOf(buyers) {
  const run = randomBytes(4).toString('hex');
  let sent = 0;
  const key = () => {
    sent += 1;
    const buyer = buyers[sent % buyers.length];
    if (buyer === undefined) throw new Error('nobody buys');
    return buyer.key;
  };
  return {
    /** @returns {import('undici').Dispatcher.RequestOptions} */
    read: () => ({ path: '/api/v1/balance', method: 'GET', headers: { authorization: `Bearer ${key()}` } }),
    /** @returns {import('undici').Dispatcher.RequestOptions} */
    buy: () => {
      const authorization = `Bearer ${key()}`;
      const name = `scaling-${run}-${sent}`;
      return {
        path: '/api/v1/domains',
        method: 'POST',
        headers: { authorization, 'idempotency-key': name, 'content-type': 'application/json' },
        body: JSON.stringify({ domain: `${name}.test`, years: 1 }),
      };
    },
  };
}

/**
 * Of a server and its processes, those that have ended included.
 *
 * @param {number} pid
 */
function familyCpuMs(pid) {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = fieldsOf(name);
    const isParent = Number(name) === pid;
    if (!isParent && Number(fields[1]) !== pid) continue;
    ticks += Number(fields[11]) + Number(fields[12]) + (isParent ? Number(fields[13]) + Number(fields[14]) : 0);
  }
  return ticks * TICK_MS;
}

/** @param {string} pid */
function fieldsOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}
