// One run: something goes wrong while customers work, then healing, then the judgement. What goes wrong is either a
// storm of faults over some time or a list of directed steps.
import { cpus, loadavg } from 'node:os';
import { makeBuyers, type Buyers } from './customers/buyers';
import { GatewayClient, History, unremembered } from './customers/client';
import { makeSharedAccounts } from './customers/co-owners';
import { Customers } from './customers/customers';
import { runWorkload } from './customers/workload';
import { Coverage } from './faults/coverage';
import { planFaults } from './faults/fault-plan';
import { Faults } from './faults/faults';
import { plantBug } from './faults/planted-bugs';
import { requiredOfRun } from './faults/required-states';
import type { Breach } from './judge/breach';
import { judge, watchMoments } from './judge/judge';
import { judgeTraffic } from './judge/judge-traffic';
import { judgePrices, readCatalogue } from './prices/judge-prices';
import { Random } from './random';
import type { Run } from './run-state';
import { drill } from './steps/drill';
import { NODE_STEPS } from './steps/node-steps';
import { shareThings } from './steps/sharing';
import type { Buyer } from './system/accounts';
import type { System } from './system/system';
import { Traffic } from './traffic/traffic';
import { pause } from './waiting';

const FINAL_LIMIT_MS = 30_000;
const BULK_LIMIT_MS = 120_000;
const BUG_LIMIT_MS = 8_000;
const SERVING_LIMIT_MS = 60_000;
const WARM_UP_LIMIT_MS = 15_000;
/** A request of a machine at its ease. */
const EASY_MS = 150;
/** So many times as long as asked for, and again as much longer as the machine is slow. */
const PATIENCE = 4;
/** What a run requires takes its time, however short the run was to be. */
const REQUIRED_LIMIT_S = 90;

export interface RunOptions {
  readonly system: System;
  readonly seed: number;
  /** How long the fault phase of a storm is. */
  readonly seconds: number;
  readonly bug?: string | undefined;
  /** Those of a directed run; a storm without. */
  readonly steps?: readonly string[] | undefined;
  readonly items: number;
  readonly waitMs?: number | undefined;
  /** Tells what happens when. */
  readonly say?: ((line: string) => void) | undefined;
}

export interface RunResult {
  readonly seed: number;
  readonly breaches: readonly Breach[];
  /** What the run should have reached. */
  readonly missed: readonly string[];
  readonly coverage: Coverage;
  readonly figures: Figures;
}

interface Figures {
  readonly requests: number;
  readonly orders: number;
  readonly batches: number;
  readonly faults: number;
  readonly settledMs: number;
  readonly stretch: number;
  readonly bulks: readonly string[];
  /** Through the proxy node, broken ones included. */
  readonly transfers: number;
  /** Of the node. */
  readonly kills: number;
}

export async function runOnce(options: RunOptions): Promise<RunResult> {
  const { system, seed, bug, steps, waitMs = 0 } = options;
  const note = clockOf(options.say);
  const random = new Random(seed);
  const coverage = new Coverage();
  const begun: { faults?: Faults } = {};
  await system.renew({
    random,
    bug,
    listener: {
      onPoint: (child, point) => begun.faults?.onPoint(child, point),
      onLine: (line) => coverage.seeLine(line),
    },
  });
  const gateways = new GatewayClient(system.origins);
  const faults = new Faults(await begin({ ...options, random, coverage, gateways, note }));
  begun.faults = faults;
  const { run } = faults;
  const catalogue = await readCatalogue(run);
  const { stretch } = system;
  const busy = stretch > 1 ? `; the machine is busy, so leases and limits are ${stretch} times as long` : '';
  note(`the fault phase begins${busy}`);
  const watch = watchMoments(system, run.moments);
  const planned = steps === undefined ? await storm(run, faults) : await direct(run, faults, steps);
  await untilServing(gateways, run.buyers.rich1);
  await Promise.all([...system.children.values()].map((child) => child.isUp()));
  note('healed');
  // What a planted bug does may come late; what it leaves open will never be final.
  await pause(waitMs);
  // Before the others: what is judged includes that nothing is left open when the node has gone.
  const billing =
    run.traffic === undefined ? [] : await judgeTraffic(run.traffic, bug === undefined ? undefined : BUG_LIMIT_MS);
  const limitMs = bug === undefined ? FINAL_LIMIT_MS * Math.max(stretch, busyness()) : BUG_LIMIT_MS;
  const judged = await judge({ ...run, random: random.stream('judge'), limitMs });
  await watch.stop();
  const wrongPrices = await judgePrices({ ...run, catalogue, isStepped: faults.done.has('step-clock') });
  const breaches = [...run.breaches, ...run.moments.values(), ...billing, ...judged.breaches, ...wrongPrices];
  note(
    `judged: ${breaches.length} breaches, final ${(judged.settledMs / 1_000).toFixed(1)} s after ` +
      `healing${judged.last === '' ? '' : `, the last was ${judged.last}`}`,
  );
  await coverage.gather(run);
  await gateways.close();
  return {
    seed,
    breaches,
    missed: [...run.missed, ...coverage.missed(run.required)],
    coverage,
    figures: {
      requests: gateways.sent,
      orders: coverage.orders,
      batches: coverage.batches,
      faults: planned,
      settledMs: Math.round(judged.settledMs),
      stretch,
      bulks: run.bulks,
      transfers: run.traffic?.done.length ?? 0,
      kills: run.traffic?.kills.length ?? 0,
    },
  };
}

type Beginning = RunOptions & Pick<Run, 'random' | 'coverage' | 'gateways' | 'note'>;

/** Accounts, the planted bug, and the times that this machine can keep. */
async function begin({
  system,
  random,
  coverage,
  gateways,
  note,
  ...options
}: Beginning): Promise<Omit<Run, 'faults'>> {
  const { seed, seconds, bug, steps, items } = options;
  const history = new History();
  const buyers = await makeBuyers(system);
  const accounts = await makeSharedAccounts(system);
  if (bug !== undefined) await plantBug(system, bug);
  system.setTimes(await warmUp(gateways, buyers));
  const { products, shape } = system;
  const customers = new Customers({ gateways, history, random, buyers: allOf(buyers) });
  const missed: string[] = [];
  const hasTraffic = steps === undefined ? products.includes('proxy') : steps.some((name) => name in NODE_STEPS);
  const traffic = hasTraffic
    ? await Traffic.begin({ system, customers, history, gateways, missed, random, note })
    : undefined;
  return {
    system,
    seed,
    seconds,
    bug,
    items,
    bulkLimitMs: BULK_LIMIT_MS * system.stretch,
    random,
    history,
    gateways,
    buyers,
    customers,
    accounts,
    coOwners: new Map(),
    operators: new Map(),
    coverage,
    required: steps === undefined ? requiredOfRun({ seed, seconds, shape, products }) : [],
    missed,
    traffic,
    breaches: [],
    moments: new Map(),
    asked: [],
    bulks: [],
    note,
  };
}

function allOf({ others, ...buyers }: Buyers): Buyer[] {
  return [...Object.values(buyers), ...others];
}

/** Directed steps; answers with their number. */
async function direct(run: Run, faults: Faults, steps: readonly string[]): Promise<number> {
  await drill(run, steps);
  await faults.heal();
  return steps.length;
}

/**
 * Faults at chosen times while all customers work, longer than asked for until it has reached what it requires. Answers
 * with the number of planned faults.
 */
async function storm(run: Run, faults: Faults): Promise<number> {
  const { system, customers, coverage, random, seconds, bug, required } = run;
  const working = Promise.all([runWorkload(run), shareThings(run), run.traffic?.work(() => customers.isOver)]);
  const { products, shape } = system;
  const plan = planFaults({ random, seconds, shape, products, required });
  const startedAt = performance.now();
  await faults.perform(plan);
  await pause(Math.max(0, seconds * 1_000 - (performance.now() - startedAt)));
  const limitMs = Math.max(seconds * PATIENCE, REQUIRED_LIMIT_S) * 1_000 * system.stretch;
  for (;;) {
    await coverage.gather(run).catch(() => undefined); // the database may be down just now
    const missed = coverage.missed(required);
    const isCaught = bug !== undefined && run.moments.size > 0;
    if (missed.length === 0 || isCaught || performance.now() - startedAt > limitMs) break;
    faults.again(missed);
    await pause(1_000);
  }
  customers.isOver = true;
  await faults.heal();
  await working;
  return plan.length;
}

async function untilServing(gateways: GatewayClient, buyer: Buyer): Promise<void> {
  const endAt = performance.now() + SERVING_LIMIT_MS;
  for (let gateway = 0; gateway < gateways.count; gateway += 1) {
    const isServing = async () => {
      const request = unremembered({ buyer, method: 'GET', path: '/balance' });
      return (await gateways.sendThrough(request, gateway)).status === 200;
    };
    while (!(await isServing())) {
      if (performance.now() > endAt) throw new Error(`gateway ${gateway + 1} does not serve`);
      await pause(100);
    }
  }
}

/** How many processes want to work for each processor. */
function busyness(): number {
  return Math.min(PATIENCE, Math.max(1, (loadavg()[0] ?? 1) / cpus().length));
}

/**
 * Processes that have just started are slow at first, which is not what a run is about. Returns how many times slower
 * than at ease the machine is, in whole numbers: slowness alone would break a lease that is shorter than a call can
 * take.
 */
async function warmUp(gateways: GatewayClient, { rich1, others }: Buyers): Promise<number> {
  for (const buyer of [rich1, ...others]) await untilServing(gateways, buyer);
  const endAt = performance.now() + WARM_UP_LIMIT_MS;
  const dryRun = (i: number) => {
    const body = { domain: 'warm-up.test' };
    const request = unremembered({ buyer: rich1, path: '/domains?dry_run=true', body, key: `warm-up-${i}` });
    return gateways.send(request, i % 2);
  };
  let quick = 0;
  let tookMs: number[] = [];
  for (let i = 0; tookMs.length === 0 || (quick < 3 && performance.now() < endAt); i += 4) {
    const begunAt = performance.now();
    await Promise.all([dryRun(i), dryRun(i + 1), dryRun(i + 2), dryRun(i + 3)]);
    const ms = performance.now() - begunAt;
    tookMs = [...tookMs.slice(-4), ms];
    quick = ms < EASY_MS ? quick + 1 : 0;
  }
  const median = tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? EASY_MS;
  return Math.min(PATIENCE, Math.max(1, Math.round(median / EASY_MS), Math.round(busyness() / 2)));
}

/** Says lines with the seconds since now before them. */
function clockOf(say: RunOptions['say']): (text: string) => void {
  const startedAt = performance.now();
  return (text) => say?.(`${((performance.now() - startedAt) / 1_000).toFixed(2).padStart(7)}  ${text}`);
}
