// One run: something goes wrong while customers work, then healing, then the judgement. What goes wrong is either a
// storm of faults over some time or a list of directed steps.
import { loadavg, cpus } from 'node:os';
import { plantBug } from './bugs.mjs';
import { Doors, History } from './client.mjs';
import { Coverage } from './coverage.mjs';
import { drill } from './drill.mjs';
import { Faults } from './faults.mjs';
import { planFaults } from './fault-plan.mjs';
import { haggle, makeHagglers } from './hagglers.mjs';
import { AT_EVERY_MOMENT, judge } from './invariants.mjs';
import { owedByRun } from './owed.mjs';
import { judgePrices, readCatalogue } from './prices.mjs';
import { Random } from './random.mjs';
import { Workload } from './workload.mjs';
import { makeBuyers } from './buyers.mjs';

const FINAL_LIMIT_MS = 30_000;
const BULK_LIMIT_MS = 120_000;
const BUG_LIMIT_MS = 8_000;
const LOOK_EVERY_MS = 400;
const WARM_UP_LIMIT_MS = 15_000;
/** A request of a machine at its ease. */
const EASY_MS = 150;
/** So many times as long as asked for, and again as much longer as the machine is slow. */
const PATIENCE = 4;
/** What a run owes takes its time, however short the run was to be. */
const OWED_LIMIT_S = 90;

/**
 * `{ seed, breaches, missed, coverage, figures }`. With `steps` a directed run, otherwise a storm of so many `seconds`.
 */
export async function runOnce({ system, seed, seconds, bug, steps, items, waitMs = 0, say }) {
  const run = {
    system,
    seed,
    seconds,
    bug,
    items,
    random: new Random(seed),
    coverage: new Coverage(),
    moments: new Map(),
    breaches: [],
    missed: [],
    figures: { bulks: [] },
    history: new History(),
    doors: new Doors(system.origins),
  };
  const startedAt = performance.now();
  run.note = (text) => say?.(`${((performance.now() - startedAt) / 1_000).toFixed(2).padStart(7)}  ${text}`);
  const { coverage, doors, history, random, note } = run;
  await system.renew({
    random,
    bug,
    listener: {
      onMessage: (child, message) => message?.type === 'torture-point' && run.faults?.onPoint(child, message),
      onLine: (child, line) => coverage.seeLine(line),
    },
  });
  run.buyers = await makeBuyers(system);
  run.hagglers = await makeHagglers(system);
  if (bug !== undefined) await plantBug(system, bug);
  const stretch = await warmUp(doors, run.buyers);
  system.setTimes(stretch);
  const catalogue = await readCatalogue(run);
  run.bulkLimitMs = BULK_LIMIT_MS * stretch;
  run.workload = new Workload({ ...run, random });
  run.faults = new Faults({
    run,
    buyer: run.buyers.find(({ name }) => name === 'pieces'),
    random: random.stream('pieces'),
  });
  run.owed =
    steps !== undefined ? [] : owedByRun({ seed, seconds, useRedis: system.useRedis, products: system.products });
  const busy = stretch > 1 ? `; the machine is busy, so leases and limits are ${stretch} times as long` : '';
  note(`the fault phase begins${busy}`);
  const watch = watchMoments(system, run.moments);
  const planned = steps === undefined ? await storm(run) : await drill(run, steps);
  await run.faults.heal();
  await run.working;
  await untilServing(doors, run.buyers[0]);
  await Promise.all([...system.children.values()].map((child) => child.isUp()));
  note('healed');
  // What a planted bug does may come late; what it leaves open will never be final.
  await pause(waitMs);
  const limitMs = bug === undefined ? FINAL_LIMIT_MS * Math.max(stretch, busyness()) : BUG_LIMIT_MS;
  const { breaches, settledMs, last } = await judge({
    system,
    history,
    doors,
    random: random.stream('judge'),
    limitMs,
  });
  await watch.stop();
  breaches.push(...(await judgePrices({ ...run, catalogue, isStepped: run.faults.done.has('step-clock') })));
  breaches.unshift(...run.breaches, ...run.moments.values());
  note(
    `judged: ${breaches.length} breaches, final ${(settledMs / 1_000).toFixed(1)} s after ` +
      `healing${last === '' ? '' : `, the last was ${last}`}`,
  );
  await coverage.gather(run);
  await doors.close();
  Object.assign(run.figures, {
    requests: doors.sent,
    orders: coverage.orders,
    batches: coverage.batches,
    faults: planned,
    settledMs: Math.round(settledMs),
    stretch,
  });
  return { seed, breaches, coverage, missed: [...run.missed, ...coverage.missed(run.owed)], figures: run.figures };
}

/** Faults at chosen times while all customers work; longer than asked for until it has reached what it owes. */
async function storm(run) {
  const { system, workload, faults, coverage, random, seconds, bug, owed } = run;
  run.working = Promise.all([workload.run(), haggle(run)]);
  const plan = planFaults({ random, seconds, useRedis: system.useRedis, products: system.products, owed });
  const phaseStart = performance.now();
  await faults.perform(plan);
  await pause(Math.max(0, seconds * 1_000 - (performance.now() - phaseStart)));
  const limitMs = Math.max(seconds * PATIENCE, OWED_LIMIT_S) * 1_000 * system.stretch;
  for (;;) {
    await coverage.gather(run).catch(() => undefined); // the database may be down just now
    const missed = coverage.missed(owed);
    if (missed.length === 0 || (bug !== undefined && run.moments.size > 0) || performance.now() - phaseStart > limitMs)
      break;
    faults.again(missed);
    await pause(1_000);
  }
  workload.end();
  return plan.length;
}

async function untilServing(doors, buyer) {
  const endAt = performance.now() + 60_000;
  for (const door of [0, 1]) {
    while ((await doors.send({ buyer, method: 'GET', path: '/balance', sends: [] }, door)).status !== 200) {
      if (performance.now() > endAt) throw new Error(`gateway ${door + 1} does not serve`);
      await pause(100);
    }
  }
}

/** How many want to work for each that can. */
function busyness() {
  return Math.min(PATIENCE, Math.max(1, loadavg()[0] / cpus().length));
}

/**
 * Processes that have just started are slow at first, which is not what a run is about. Returns how many times slower
 * than at ease the machine is, in whole numbers: a lease that is shorter than a call can take would be broken by
 * slowness alone.
 */
async function warmUp(doors, buyers) {
  const others = buyers.filter(({ product }, i) => i > 0 && buyers.findIndex((one) => one.product === product) === i);
  for (const buyer of [buyers[0], ...others]) await untilServing(doors, buyer);
  const endAt = performance.now() + WARM_UP_LIMIT_MS;
  const [buyer] = buyers;
  const dryRun = (i) =>
    doors.send(
      {
        buyer,
        path: '/domains?dry_run=true',
        method: 'POST',
        body: JSON.stringify({ domain: 'warm-up.test' }),
        key: `warm-up-${i}`,
        sends: [],
      },
      i % 2,
    );
  let quick = 0;
  let tookMs = [];
  for (let i = 0; tookMs.length === 0 || (quick < 3 && performance.now() < endAt); i += 4) {
    const begunAt = performance.now();
    await Promise.all([dryRun(i), dryRun(i + 1), dryRun(i + 2), dryRun(i + 3)]);
    tookMs = [...tookMs.slice(-4), performance.now() - begunAt];
    quick = tookMs.at(-1) < EASY_MS ? quick + 1 : 0;
  }
  const median = tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)];
  return Math.min(PATIENCE, Math.max(1, Math.round(median / EASY_MS), Math.round(busyness() / 2)));
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

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
