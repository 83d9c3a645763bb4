// One run: faults while customers work, then healing, then the judgement.
import { plantBug } from './bugs.mjs';
import { Doors, History } from './client.mjs';
import { Coverage } from './coverage.mjs';
import { Faults, planFaults } from './faults.mjs';
import { AT_EVERY_MOMENT, judge } from './invariants.mjs';
import { Random } from './random.mjs';
import { BUYERS, Workload } from './workload.mjs';

const FINAL_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 400;
const WARM_UP_LIMIT_MS = 15_000;
/** So many times as long as asked for. */
const PATIENCE = 4;

/** `{ seed, breaches, missed, coverage, figures }`. */
export async function runOnce({ system, seed, seconds, bug, say }) {
  const random = new Random(seed);
  const startedAt = performance.now();
  const note = (text) => say?.(`${((performance.now() - startedAt) / 1_000).toFixed(2).padStart(7)}  ${text}`);
  const coverage = new Coverage();
  const moments = new Map();
  const doors = new Doors(system.origins);
  let faults;
  await system.renew({
    random, bug,
    listener: { onMessage: (child, message) => message?.type === 'torture-point' && faults?.onPoint(child, message), onLine: (child, line) => coverage.seeLine(line) },
  });
  const buyers = [];
  for (const buyer of BUYERS) buyers.push(await system.makeBuyer(buyer));
  if (bug !== undefined) await plantBug(system, bug);
  await warmUp(doors, buyers[0]);
  note('the fault phase begins');
  const history = new History();
  const workload = new Workload({ system, doors, history, random, buyers });
  faults = new Faults({ system, workload, buyer: buyers.at(-1), random: random.stream('pieces'), note });
  const watch = watchMoments(system, moments);
  const working = workload.run();
  const plan = planFaults({ random, seconds, useRedis: system.useRedis });
  const phaseStart = performance.now();
  await faults.perform(plan);
  await pause(Math.max(0, seconds * 1_000 - (performance.now() - phaseStart)));
  // On a machine that is slow or busy a run takes the time it needs to reach what it owes.
  const isEnough = async () => {
    await coverage.gather({ system, history, faults }).catch(() => undefined); // the database may be down just now
    const isDone = bug === undefined ? coverage.missedInRun(seconds).length === 0 : faults.missed(seconds).length === 0 || moments.size > 0;
    return isDone || performance.now() - phaseStart > seconds * 1_000 * PATIENCE;
  };
  while (!(await isEnough())) {
    await faults.repeatMissed(seconds);
    await pause(1_000);
  }
  workload.end();
  await faults.heal();
  await working;
  await untilServing(doors, buyers[0]);
  await Promise.all([...system.children.values()].map((child) => child.isUp()));
  note('healed');
  const { breaches, settledMs } = await judge({ system, history, doors, random: random.stream('judge'), limitMs: FINAL_LIMIT_MS });
  await watch.stop();
  breaches.push(...moments.values());
  note(`judged: ${breaches.length} breaches, final ${(settledMs / 1_000).toFixed(1)} s after healing`);
  await coverage.gather({ system, history, faults });
  await doors.close();
  const figures = { requests: doors.sent, orders: coverage.orders, faults: plan.length, settledMs: Math.round(settledMs) };
  return { seed, breaches, coverage, missed: coverage.missedInRun(seconds), figures };
}

async function untilServing(doors, buyer) {
  const endAt = performance.now() + 30_000;
  for (const door of [0, 1]) {
    while ((await doors.send({ buyer, method: 'GET', path: '/balance', sends: [] }, door)).status !== 200) {
      if (performance.now() > endAt) throw new Error(`gateway ${door + 1} does not serve`);
      await pause(100);
    }
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Processes that have just started are slow at first, which is not what a run is about. */
async function warmUp(doors, buyer) {
  await untilServing(doors, buyer);
  const endAt = performance.now() + WARM_UP_LIMIT_MS;
  const dryRun = (i) => doors.send({ buyer, path: '/domains?dry_run=true', method: 'POST', body: JSON.stringify({ domain: 'warm-up.test' }), key: `warm-up-${i}`, sends: [] }, i % 2);
  let quick = 0;
  for (let i = 0; quick < 3 && performance.now() < endAt; i += 4) {
    const begunAt = performance.now();
    await Promise.all([dryRun(i), dryRun(i + 1), dryRun(i + 2), dryRun(i + 3)]);
    quick = performance.now() - begunAt < 600 ? quick + 1 : 0;
  }
}

function watchMoments(system, moments) {
  let isOver = false;
  const loop = (async () => {
    while (!isOver) {
      const { rows } = await system.query(AT_EVERY_MOMENT).catch(() => ({ rows: [] })); // the database is down just now
      for (const row of rows) moments.set(`${row.rule} ${row.subject}`, row);
      await pause(LOOK_EVERY_MS);
    }
  })();
  return {
    stop: () => {
      isOver = true;
      return loop;
    },
  };
}
