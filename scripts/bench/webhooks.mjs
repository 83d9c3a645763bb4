// Webhooks of one worker to a receiver on loopback: from the commit of an event to the first byte at the receiver, and
// how many deliveries a second. PostgreSQL has its safe settings. The receiver is in this process.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { root } from '../build.mjs';
import { bundled } from '../bundle.mjs';
import { startProcess } from './processes.mjs';

/** @typedef {import('./installation.mjs').Installation} Installation */

const ENDPOINTS = 20;
const AT_A_TIME = 50;
const EACH = 100;
const EVERY_MS = 50;
const GIVE_UP_MS = 60_000;
const load = createRequire(join(root, 'packages', 'shared', 'package.json'));

/** @param {{ installation: Installation; seconds: number }} told */
export async function benchWebhooks({ installation, seconds }) {
  /** @type {typeof import('pg')} */
  const { Pool } = load('pg');
  /** @type {Map<string, number>} when each came */
  const came = new Map();
  const receiver = createServer((req, res) => {
    came.set(String(req.headers['webhook-id']), performance.now());
    req.resume();
    req.on('end', () => res.end());
  });
  const port = await listening(receiver);
  const pool = new Pool({ connectionString: installation.ownerUrl, max: 4 });
  const accounts = (await installation.makeKeys(ENDPOINTS)).map(({ accountId }) => accountId);
  for (const accountId of accounts) await makeEndpoint({ pool, installation, accountId, port });
  const worker = await startProcess({
    name: 'domains worker',
    script: bundled(root, 'services/domains/dist/worker'),
    env: { ...installation.serviceEnv('domains'), WEBHOOK_ALLOW_NETWORKS: '127.0.0.1' },
  });
  try {
    // The worker has found that there are endpoints.
    await rateOf({ pool, accounts, came, each: 1 });
    const delays = await delaysOf({ pool, accounts, came, seconds });
    const cpuBefore = worker.cpuSeconds();
    const many = await rateOf({ pool, accounts, came, each: EACH });
    const cpuMsEach = ((worker.cpuSeconds() - cpuBefore) * 1_000) / (ENDPOINTS * EACH);
    const one = await rateOf({ pool, accounts: accounts.slice(0, 1), came, each: ENDPOINTS * AT_A_TIME });
    return {
      events: delays.length,
      p50Ms: percentile(delays, 0.5),
      p95Ms: percentile(delays, 0.95),
      manyPerSecond: many,
      onePerSecond: one,
      cpuMsEach,
    };
  } finally {
    await worker.stop();
    await pool.end();
    receiver.closeAllConnections();
    receiver.close();
  }
}

/**
 * An event every 50 ms.
 *
 * @param {{ pool: import('pg').Pool; accounts: readonly string[]; came: Map<string, number>; seconds: number }} told
 */
async function delaysOf({ pool, accounts, came, seconds }) {
  /** @type {Map<string, number>} */
  const written = new Map();
  const endMs = performance.now() + seconds * 1_000;
  for (let i = 0; performance.now() < endMs; i += 1) {
    const [id = ''] = await emit(pool, accounts[i % accounts.length] ?? '', 1);
    written.set(id, performance.now());
    await setTimeout(EVERY_MS);
  }
  await all([...written.keys()], came);
  return [...written].map(([id, atMs]) => Math.max(0, (came.get(id) ?? Number.NaN) - atMs)).sort((a, b) => a - b);
}

/**
 * Deliveries a second, until the last of `each` events for each account has come.
 *
 * @param {{ pool: import('pg').Pool; accounts: readonly string[]; came: Map<string, number>; each: number }} told
 */
async function rateOf({ pool, accounts, came, each }) {
  const beganMs = performance.now();
  const ids = (await Promise.all(accounts.map((account) => emit(pool, account, each)))).flat();
  await all(ids, came);
  return ids.length / ((Math.max(...ids.map((id) => came.get(id) ?? Number.NaN)) - beganMs) / 1_000);
}

/**
 * @param {readonly string[]} ids
 * @param {ReadonlyMap<string, number>} came
 */
async function all(ids, came) {
  const untilMs = performance.now() + GIVE_UP_MS;
  while (ids.some((id) => !came.has(id))) {
    if (performance.now() > untilMs) throw new Error('not all webhooks came in time');
    await setTimeout(20);
  }
}

/**
 * @param {import('pg').Pool} pool
 * @param {string} accountId
 * @param {number} count
 */
async function emit(pool, accountId, count) {
  /** @type {typeof import('@lumi/shared/contract')} */
  const { newId } = load('./dist/ground/contract/index.js');
  const events = Array.from({ length: count }, () => ({
    id: newId('evt', Date.now()),
    type: 'order.failed',
    subject: 'bench.test',
    data: { order_id: 'ord_bench', code: 'not_available' },
  }));
  await pool.query(`SELECT platform.emit_events($1, 'domains', $2)`, [accountId, JSON.stringify(events)]);
  return events.map(({ id }) => id);
}

/** @param {{ pool: import('pg').Pool; installation: Installation; accountId: string; port: number }} told */
async function makeEndpoint({ pool, installation, accountId, port }) {
  /** @type {typeof import('@lumi/shared/keys')} */
  const { sealSecret } = load('./dist/base/keys/index.js');
  /** @type {typeof import('@lumi/shared/contract')} */
  const { newId } = load('./dist/ground/contract/index.js');
  /** @type {typeof import('@lumi/shared/runtime')} */
  const { secretRing } = load('./dist/ground/runtime/index.js');
  const id = newId('whk', Date.now());
  const secret = `whsec_${Buffer.alloc(32, id).toString('base64')}`;
  await pool.query(`SELECT platform.webhook_create($1, 'domains', $2, $3, '{*}', NULL, $4, 10)`, [
    id,
    accountId,
    `http://127.0.0.1:${port}/hook`,
    sealSecret(secretRing(32).parse(installation.secrets.ring), id, secret),
  ]);
}

/** @param {import('node:http').Server} server */
async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * @param {readonly number[]} sorted
 * @param {number} part
 */
function percentile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
