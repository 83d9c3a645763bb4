// What a load costs and how many processes carry it. Every kind of process has a demand: CPU seconds of it for one read
// and for one purchase, as measured (points.json). Demands add up, so the demand of any mixture follows from those of
// its parts; how long requests wait follows from a queue with several servers (Erlang C).

/** @typedef {'gateway' | 'service' | 'worker' | 'postgres'} Kind */
/** CPU milliseconds, by kind. */
/** @typedef {Readonly<Record<Kind, number>>} Demand */
/**
 * @typedef {object} Demands
 * @property {Demand} idle a second, whatever the load
 * @property {Demand} read
 * @property {Demand} purchase
 */
/** Per second. */
/** @typedef {{ readonly reads: number; readonly purchases: number }} Load */
/**
 * @typedef {object} Point
 * @property {string} name
 * @property {Load} load as it was answered
 * @property {Demand} cpu a second
 */
/**
 * @typedef {object} Part
 * @property {number} cores that are busy
 * @property {number} replicas
 * @property {number} busy the share of each replica's core
 * @property {number} waitMs mean wait for a free replica, as if all took from one queue
 */

/** @type {readonly Kind[]} */
export const KINDS = ['gateway', 'service', 'worker', 'postgres'];

/**
 * CPU milliseconds a second of each kind under a load: the sum of its parts.
 *
 * @param {Demands} demands
 * @param {Load} load
 * @returns {Record<Kind, number>}
 */
export function cpuOf({ idle, read, purchase }, { reads, purchases }) {
  return each((kind) => idle[kind] + read[kind] * reads + purchase[kind] * purchases);
}

/**
 * The demands that three points show: one without load, one with reads only, one with purchases only.
 *
 * @param {readonly Point[]} points
 * @returns {Demands}
 */
export function demandsOf(points) {
  const idle = pointOf(points, 'idle').cpu;
  const [reads, purchases] = [pointOf(points, 'reads'), pointOf(points, 'purchases')];
  return {
    idle,
    read: each((kind) => Math.max(0, reads.cpu[kind] - idle[kind]) / reads.load.reads),
    purchase: each((kind) => Math.max(0, purchases.cpu[kind] - idle[kind]) / purchases.load.purchases),
  };
}

/**
 * @param {readonly Point[]} points
 * @param {string} name
 */
function pointOf(points, name) {
  const point = points.find((one) => one.name === name);
  if (point === undefined) throw new Error(`no point is called ${name}`);
  return point;
}

/**
 * The probability that a request has to wait: `servers` servers, of which `busy` are busy on average.
 *
 * @param {number} servers
 * @param {number} busy
 */
export function erlangC(servers, busy) {
  if (busy >= servers) return 1;
  // Erlang B by its recursion, which does not overflow.
  let blocked = 1;
  for (let n = 1; n <= servers; n += 1) blocked = (busy * blocked) / (n + busy * blocked);
  return blocked / (1 - (busy / servers) * (1 - blocked));
}

/**
 * Mean wait in the unit of `service`, the mean time that one takes; Infinity when more comes than can be served.
 *
 * @param {{ servers: number; perSecond: number; serviceMs: number }} told
 */
export function meanWaitMs({ servers, perSecond, serviceMs }) {
  const busy = (perSecond * serviceMs) / 1_000;
  if (busy >= servers) return Number.POSITIVE_INFINITY;
  return (erlangC(servers, busy) * serviceMs) / (servers - busy);
}

/**
 * How many replicas of each kind carry the load with at most `busyMax` of each core. A Node process has one core;
 * PostgreSQL's replicas are cores of one server.
 *
 * @param {{ demands: Demands; load: Load; busyMax: number; leastReplicas?: number }} told
 * @returns {Record<Kind, Part>}
 */
export function plan({ demands, load, busyMax, leastReplicas = 2 }) {
  const cpu = cpuOf(demands, load);
  const perSecond = load.reads + load.purchases;
  return each((kind) => {
    const cores = cpu[kind] / 1_000;
    const replicas = Math.max(leastReplicas, Math.ceil(cores / busyMax));
    return {
      cores,
      replicas,
      busy: cores / replicas,
      waitMs: perSecond === 0 ? 0 : meanWaitMs({ servers: replicas, perSecond, serviceMs: cpu[kind] / perSecond }),
    };
  });
}

/**
 * The share by which the model errs, by kind; kinds that cost less than `leastMs` a second are left out, because ticks
 * of the clock are all that is seen of them.
 *
 * @param {{ demands: Demands; load: Load; cpu: Demand; leastMs?: number }} told
 * @returns {Partial<Record<Kind, number>>}
 */
export function errorOf({ demands, load, cpu, leastMs = 20 }) {
  const expected = cpuOf(demands, load);
  return Object.fromEntries(
    KINDS.filter((kind) => cpu[kind] >= leastMs).map((kind) => [kind, (expected[kind] - cpu[kind]) / cpu[kind]]),
  );
}

/**
 * @template T
 * @param {(kind: Kind) => T} of
 * @returns {Record<Kind, T>}
 */
function each(of) {
  return { gateway: of('gateway'), service: of('service'), worker: of('worker'), postgres: of('postgres') };
}
