// Compares servers in front of the same tiny upstream, in one run: the gateway with every check, the gateway's
// forwarding without checks, a bare Node proxy, and Fastify with the same checks. The rate per core is requests by CPU
// second of the measured process, so other work on the machine does not change it.
import { join } from 'node:path';
import { root } from '../build.mjs';
import { bundled } from '../bundle.mjs';
import { closedLoop, paced } from './load.mjs';
import { startProcess } from './processes.mjs';

/** @typedef {import('./processes.mjs').Told} Told */

const CONNECTIONS = 32;
const WARM_UP_S = 2;
/** Until the compiler has seen everything often enough; on a busy machine seconds alone say little. */
const WARM_UP_REQUESTS = 15_000;

/** @param {{ installation: import('./installation.mjs').Installation; seconds: number }} told */
export async function benchReadPath({ installation, seconds }) {
  const upstream = await startProcess({
    name: 'upstream',
    script: join(root, 'scripts/bench/servers/upstream.mjs'),
    env: {},
  });
  const [buyer] = await installation.makeKeys(1);
  if (buyer === undefined) throw new Error('nobody reads');
  const { key } = buyer;
  /**
   * @param {string} name
   * @param {string} file
   * @param {Told['env']} [env]
   * @returns {Told}
   */
  const server = (name, file, env = {}) => ({
    name,
    script: join(root, 'scripts/bench/servers', file),
    env: { ROOT: root, UPSTREAM: upstream.origin, ...env },
  });
  /** @type {readonly Told[]} */
  const servers = [
    {
      name: 'gateway, full read path',
      script: bundled(root, 'gateway/dist/server'),
      env: installation.gatewayEnv(upstream.origin),
    },
    server('gateway road, no checks', 'unchecked-gateway.mjs'),
    server('bare Node proxy', 'bare-proxy.mjs'),
    server('Fastify + rate limit + proxy', 'fastify-stack.mjs', {
      KEY: key,
      PEPPER: installation.secrets.peppers.slice(2),
      IDENTITY_PRIVATE_KEY: installation.secrets.identity,
    }),
  ];
  const request = (/** @type {string} */ path) => () => ({
    path,
    method: /** @type {const} */ ('GET'),
    headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
  });
  const rows = [];
  for (const told of servers) {
    const measured = await startProcess(told);
    const load = { origin: measured.origin, connections: CONNECTIONS, next: request('/api/v1/things'), expect: 200 };
    await closedLoop({ ...load, seconds: WARM_UP_S, requestsMin: WARM_UP_REQUESTS });
    const cpuBefore = measured.cpuSeconds();
    const full = await closedLoop({ ...load, seconds });
    const cpu = measured.cpuSeconds() - cpuBefore;
    const half = full.perSecond / 2;
    const through = await paced({ ...load, seconds, perSecond: half });
    const direct = await paced({
      ...load,
      origin: upstream.origin,
      next: request('/things'),
      seconds,
      perSecond: half,
    });
    rows.push({
      name: told.name,
      perSecond: full.perSecond,
      perCore: cpu > 0 ? full.requests / cpu : null,
      halfLoad: half,
      addedP50Ms: Math.max(0, through.p50Ms - direct.p50Ms),
      addedP99Ms: Math.max(0, through.p99Ms - direct.p99Ms),
    });
    await measured.stop();
  }
  await upstream.stop();
  return rows;
}
