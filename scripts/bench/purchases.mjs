// Purchases a second through all processes: client → gateway → domains service → sandbox registrar → capture, on real
// PostgreSQL with fsync. For comparison a raw client calls the same SQL function (hold and order only), which shows the
// limit of the database alone.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../build.mjs';
import { bundled } from '../bundle.mjs';
import { closedLoop } from './load.mjs';
import { startProcess } from './processes.mjs';

/** @typedef {import('./installation.mjs').Installation} Installation */
/** @typedef {import('./installation.mjs').Buyer} Buyer */

const SPREAD = 50;
const CONNECTIONS = 32;
const WARM_UP_REQUESTS = 2_000;
const load = createRequire(join(root, 'packages', 'shared', 'package.json'));

/** @param {{ installation: Installation; seconds: number }} told */
export async function benchPurchases({ installation, seconds }) {
  const domains = await startProcess({
    name: 'domains',
    script: bundled(root, 'services/domains/dist/server'),
    env: installation.serviceEnv('domains'),
  });
  const gateway = await startProcess({
    name: 'gateway',
    script: bundled(root, 'gateway/dist/server'),
    env: installation.gatewayEnv(domains.origin),
  });
  const keys = await installation.makeKeys(SPREAD);
  const rows = [];
  for (const { name, buyers } of [
    { name: 'spread over 50 wallets', buyers: keys },
    { name: 'one wallet', buyers: keys.slice(0, 1) },
  ]) {
    const target = { origin: gateway.origin, connections: CONNECTIONS, next: purchaseOf(buyers), expect: 201 };
    await closedLoop({ ...target, seconds: 2, requestsMin: WARM_UP_REQUESTS });
    await analyze(installation);
    const cpuBefore = gateway.cpuSeconds() + domains.cpuSeconds();
    const result = await closedLoop({ ...target, seconds });
    const raw = await rawHolds({ installation, buyers, seconds });
    rows.push({
      name,
      perSecond: result.perSecond,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      cpuMsEach: ((gateway.cpuSeconds() + domains.cpuSeconds() - cpuBefore) * 1000) / result.requests,
      rawPerSecond: raw,
    });
  }
  await gateway.stop();
  await domains.stop();
  return rows;
}

/**
 * As autovacuum would within a minute: the tables were empty when the first statements on them were planned.
 *
 * @param {Installation} installation
 */
async function analyze(installation) {
  /** @type {typeof import('pg')} */
  const { Client } = load('pg');
  const client = new Client({ connectionString: installation.ownerUrl });
  await client.connect();
  await client.query('ANALYZE').finally(() => client.end());
}

/**
 * @param {readonly Buyer[]} buyers
 * @returns {() => import('undici').Dispatcher.RequestOptions}
 */
function purchaseOf(buyers) {
  let sent = 0;
  const run = randomBytes(4).toString('hex');
  return () => {
    sent += 1;
    const name = `bench-${run}-${sent}`;
    return {
      path: '/api/v1/domains',
      method: 'POST',
      headers: {
        authorization: `Bearer ${takeTurns(buyers, sent).key}`,
        'idempotency-key': `bench-${name}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ domain: `${name}.test`, years: 1 }),
    };
  };
}

/**
 * @param {readonly Buyer[]} buyers
 * @param {number} turn
 */
function takeTurns(buyers, turn) {
  const buyer = buyers[turn % buyers.length];
  if (buyer === undefined) throw new Error('nobody buys');
  return buyer;
}

/**
 * The same function over 16 connections, without HTTP, supplier or capture.
 *
 * @param {{ installation: Installation; buyers: readonly Buyer[]; seconds: number }} told
 */
async function rawHolds({ installation, buyers, seconds }) {
  /** @type {typeof import('pg')} */
  const { Pool } = load('pg');
  /** @type {typeof import('@lumi/shared/contract')} */
  const { newId } = load('./dist/ground/contract/index.js');
  const pool = new Pool({ connectionString: installation.urlOf('lumi_domains'), max: 16 });
  const endAt = performance.now() + seconds * 1000;
  let done = 0;
  const loop = async () => {
    while (performance.now() < endAt) {
      const buyer = takeTurns(buyers, done);
      const id = newId('ord', Date.now());
      /** @type {import('pg').QueryResult<{ outcome: string }>} */
      const { rows } = await pool.query({
        name: 'hold',
        text: `SELECT outcome FROM platform.purchase_begin($1,$2,'domains','bench','bench','{}'::jsonb,'{"facts":{},"cost":[{"label":"bench","unit":"10000","times":1}]}'::jsonb,10000,NULL,$3,$4,false,NULL,$2,$1,'\\x00'::bytea,'req_bench',NULL,NULL,NULL,'{}',NULL,86400000,false)`,
        values: [id, buyer.accountId, buyer.keyId, buyer.lineageId],
      });
      const outcome = rows[0]?.outcome;
      if (outcome !== 'held') throw new Error(`raw hold ended as ${outcome}`);
      done += 1;
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 16 }, loop));
  const perSecond = (done * 1000) / (performance.now() - startedAt);
  await pool.end();
  return perSecond;
}
