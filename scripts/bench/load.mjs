// The load generator: keep-alive connections over undici, in a closed loop (as fast as answers come) or paced (a fixed
// rate, independent of the answers, so that a slow server cannot hide its queue). Bounded in requests and in time;
// loopback only.
import { Pool } from 'undici';

/** @typedef {import('undici').Dispatcher.RequestOptions} Request */
/**
 * @typedef {object} Target
 * @property {string} origin
 * @property {number} connections
 * @property {number} seconds
 * @property {() => Request} next
 * @property {number} expect the status
 */

const ANSWER_LIMIT_MS = 10_000;
/** A warm-up that asks for a number of requests gives up on it here. */
const WARM_UP_MAX_MS = 60_000;

/**
 * Returns rate, latencies in ms and what was answered.
 *
 * @param {Target & { requestsMin?: number }} target
 */
export async function closedLoop({ origin, connections, seconds, next, expect, requestsMin = 0 }) {
  const run = begin(origin, connections);
  const startsAt = performance.now();
  const isOver = () =>
    performance.now() - startsAt > seconds * 1000 &&
    (run.count() >= requestsMin || performance.now() - startsAt > WARM_UP_MAX_MS);
  const loop = async () => {
    while (!isOver()) await run.one(next(), expect);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, loop));
  return run.finish(performance.now() - startedAt);
}

/** @param {Target & { perSecond: number }} target */
export async function paced({ origin, connections, seconds, perSecond, next, expect }) {
  const run = begin(origin, connections);
  const total = Math.floor(perSecond * seconds);
  const startedAt = performance.now();
  /** @type {Set<Promise<void>>} */
  const pending = new Set();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    for (; sent < due; sent += 1) {
      const one = run.one(next(), expect).finally(() => pending.delete(one));
      pending.add(one);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(pending);
  return run.finish(performance.now() - startedAt);
}

/**
 * @param {string} origin
 * @param {number} connections
 */
function begin(origin, connections) {
  if (!/^http:\/\/127\.0\.0\.1:/.test(origin)) throw new Error('load is sent to loopback only');
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    headersTimeout: ANSWER_LIMIT_MS,
    bodyTimeout: ANSWER_LIMIT_MS,
  });
  /** @type {number[]} */
  const latencies = [];
  /** @type {Map<number, number>} */
  const statuses = new Map();
  const one = async (/** @type {Request} */ request, /** @type {number} */ expect) => {
    const startedAt = performance.now();
    const answer = await pool.request(request);
    const text = await answer.body.text();
    latencies.push(performance.now() - startedAt);
    statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
    if (answer.statusCode !== expect)
      throw new Error(`expected ${expect}, got ${answer.statusCode}: ${text.slice(0, 300)}`);
  };
  const finish = async (/** @type {number} */ elapsedMs) => {
    await pool.close();
    latencies.sort((a, b) => a - b);
    const at = (/** @type {number} */ share) =>
      latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
    return {
      requests: latencies.length,
      perSecond: (latencies.length * 1000) / elapsedMs,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      statuses: Object.fromEntries(statuses),
    };
  };
  return { one, finish, count: () => latencies.length };
}
