// What a running installation uses while nobody asks anything: CPU of every process of the tree, those that have ended
// included, and memory as the proportional set size. Only Linux shows both.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const TICK_NS = 10_000_000;
const PARENT = 1;
/** User and system time of children that have ended and were waited for. */
const ENDED = [13, 14];

/** @typedef {{ pid: number; name: string; cpuPercent: number; mib: number }} Used */

/**
 * @param {{ pid: number; seconds: number }} told `pid`: of the launcher
 * @returns {Promise<{ processes: Used[]; endedPercent: number; cpuPercent: number; mib: number }>}
 */
export async function idleUse({ pid, seconds }) {
  const before = new Map(family(pid).map((one) => [one, cpuOf(one)]));
  const begin = performance.now();
  await pause(seconds * 1_000);
  const elapsedNs = (performance.now() - begin) * 1e6;
  /** @param {number} ns */
  const percent = (ns) => (ns / elapsedNs) * 100;
  let ended = 0;
  const processes = family(pid).map((one) => {
    const [now, then] = [cpuOf(one), before.get(one)];
    ended += now.ended - (then?.ended ?? 0);
    return { pid: one, name: nameOf(one), cpuPercent: percent(now.own - (then?.own ?? 0)), mib: mibOf(one) };
  });
  const sum = (/** @type {(used: Used) => number} */ of) => processes.reduce((all, used) => all + of(used), 0);
  return {
    processes: processes.sort((a, b) => b.cpuPercent - a.cpuPercent),
    endedPercent: percent(ended),
    cpuPercent: sum(({ cpuPercent }) => cpuPercent) + percent(ended),
    mib: sum(({ mib }) => mib),
  };
}

/** @param {number} pid */
function family(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(statOf(Number(name))[PARENT]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = [pid];
  for (const one of all) all.push(...(children.get(one) ?? []));
  return all;
}

/** @param {number} pid nanoseconds of all its threads, and of its children that have ended */
function cpuOf(pid) {
  let own = 0;
  for (const thread of listed(`/proc/${pid}/task`))
    own += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]);
  const fields = statOf(pid);
  return { own, ended: ENDED.reduce((sum, field) => sum + Number(fields[field] ?? 0), 0) * TICK_NS };
}

/** @param {number} pid */
function mibOf(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1_024;
}

/** @param {number} pid */
function nameOf(pid) {
  const [program = '', ...args] = read(`/proc/${pid}/cmdline`).split('\0');
  const script = args.find((arg) => /\.m?js$/.test(arg));
  return script === undefined ? program.slice(0, 60) : script.split('/').slice(-4).join('/');
}

/** @param {number} pid */
function statOf(pid) {
  return read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
}

/** @param {string} file a process may end at any moment */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} folder */
function listed(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
