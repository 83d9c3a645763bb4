// Runs one after the other on one system, which is started once: each begins with empty tables and all processes up.
// The sentence at the end.
import type { Product } from '@lumi/shared/contract';
import type { PlantedBug } from './faults/planted-bug';
import { BUGS } from './faults/planted-bugs';
import { GROUPS, requiredOfSet } from './faults/required-states';
import { runOnce, type RunOptions, type RunResult } from './run';
import { makeCluster } from './system/cluster';
import type { Machine } from './system/machine';
import { IMPATIENT, PATIENT, makeSecrets, type Shape } from './system/settings';
import { ROLLING_RESTART } from './steps/rolling-restart';
import { System } from './system/system';

const SHOWN_PER_RULE = 12;
const SHOWN_MAX = 40;
/** Items of a bulk that a planted bug is looked for in. */
const BUG_ITEMS = 30;

type Say = (line: string) => void;
type RunIt = (
  options: Omit<RunOptions, 'system' | 'seconds' | 'items' | 'say'> & { readonly items?: number },
) => Promise<RunResult>;

export interface TortureOptions {
  readonly seeds: readonly number[];
  readonly seconds: number;
  readonly shape: Shape;
  readonly products: readonly Product[];
  /** A storm with this bug; with `steps` or `allBugs` the planted bugs to catch, by commas. */
  readonly bug: string | undefined;
  /** Every planted bug in the run that catches it. */
  readonly allBugs: boolean;
  /** Those of directed runs; storms without. */
  readonly steps: readonly string[] | undefined;
  readonly items: number;
  readonly isVerbose: boolean;
  /** Gets the folder of the logs before it is removed. */
  readonly keepLogs: ((folder: string) => void) | null;
}

/** True when every run kept its promises and reached what it requires, and every planted bug was caught. */
export async function torture(options: TortureOptions, machine: Machine, say: Say): Promise<boolean> {
  const { seconds, shape, products, bug, steps, isVerbose } = options;
  const secrets = makeSecrets();
  const cluster = await makeCluster({ machine, rolePasswords: secrets.roles, hasStandby: shape.hasStandby });
  const limits = steps?.includes(ROLLING_RESTART) === true ? PATIENT : IMPATIENT;
  const system = new System({ machine, cluster, secrets, products, shape, limits });
  const one: RunIt = (run) =>
    runOnce({ system, seconds, items: options.items, ...run, say: isVerbose ? say : undefined });
  try {
    await system.start();
    if (options.allBugs) return await catchAll(one, say, options);
    const isGood = await runSeeds(one, options, say);
    return steps === undefined || bug === undefined ? isGood : isGood && (await catchAll(one, say, options));
  } finally {
    await system.stop();
    options.keepLogs?.(system.logs);
    await cluster.remove();
  }
}

async function runSeeds(one: RunIt, { seeds, bug, steps, shape, products }: TortureOptions, say: Say) {
  const runs: RunResult[] = [];
  for (const seed of seeds) {
    const run = await one({ seed, bug: steps === undefined ? bug : undefined, steps });
    runs.push(run);
    report(run, say);
  }
  const failed = runs.filter(({ breaches, missed }) => breaches.length > 0 || missed.length > 0);
  const missed = runs.length < GROUPS ? [] : missedInSet(runs, requiredOfSet({ shape, products }));
  if (missed.length > 0) say(`Never reached in ${runs.length} runs: ${missed.join(', ')}`);
  for (const line of runs.flatMap(({ figures }) => figures.bulks)) say(line);
  const sum = (name: 'requests' | 'orders' | 'batches' | 'faults') =>
    runs.reduce((total, { figures }) => total + figures[name], 0);
  say(
    `${runs.length - failed.length} of ${runs.length} runs kept every promise (${sum('requests')} requests, ` +
      `${sum('orders')} orders, ${sum('batches')} batches, ${sum('faults')} ` +
      `faults${besides(shape)}).`,
  );
  return failed.length === 0 && missed.length === 0;
}

function besides({ redis, hasPgBouncer, hasStandby }: Shape): string {
  return [
    redis === 'none' ? '' : redis === 'one' ? ', with Redis' : ', with a Redis Cluster',
    hasPgBouncer ? ', behind PgBouncer' : '',
    hasStandby ? ', with failovers' : '',
  ].join('');
}

function missedInSet(runs: readonly RunResult[], required: readonly string[]): string[] {
  return required.filter((state) => !runs.some(({ coverage }) => coverage.reached.has(state)));
}

/** The harness must be able to fail: every planted bug is caught by the run whose seed stands beside it. */
async function catchAll(
  one: RunIt,
  say: Say,
  { bug, products, allBugs }: Pick<TortureOptions, 'bug' | 'products' | 'allBugs'>,
): Promise<boolean> {
  const names = bug?.split(',');
  const escaped: string[] = [];
  const bugs = BUGS.filter((bug) => names?.includes(bug.name) ?? true).filter((bug) => !allBugs || fits(bug, products));
  for (const { name, seed, rules, steps, items = BUG_ITEMS, waitMs } of bugs) {
    const { breaches } = await one({ seed, bug: name, steps, items, waitMs });
    const caught = rules
      .map((rule) => breaches.find((breach) => breach.rule.includes(rule)))
      .find((breach) => breach !== undefined);
    if (caught === undefined) {
      escaped.push(name);
      const others = breaches.slice(0, 3).map(({ rule, subject, detail }) => `${rule}: ${subject}: ${detail}`);
      say(`${name}: NOT CAUGHT with seed ${seed} (other breaches: ${others.join('; ') || 'none'})`);
    } else say(`${name}: caught with seed ${seed} by "${caught.rule}" (${caught.detail})`);
  }
  say(escaped.length === 0 ? `All ${bugs.length} planted bugs were caught.` : `Not caught: ${escaped.join(', ')}`);
  return escaped.length === 0;
}

function fits({ products: needed = ['domains'] }: PlantedBug, products: readonly Product[]): boolean {
  return needed.every((product) => products.includes(product));
}

function carried({ transfers, kills }: RunResult['figures']): string {
  return transfers === 0 ? '' : `${transfers} transfers, ${kills} kills of the node, `;
}

function report({ seed, breaches, missed, figures, coverage }: RunResult, say: Say): void {
  say(
    `seed ${seed}: ${breaches.length === 0 ? 'no breach' : `${breaches.length} BREACHES`}, ` +
      `${figures.orders} orders, ${figures.batches} batches, ${figures.requests} requests, ${figures.faults} ` +
      `faults, ${carried(figures)}final ${(figures.settledMs / 1_000).toFixed(1)} s after ` +
      `healing${figures.stretch > 1 ? ` (busy machine, times × ${figures.stretch})` : ''}`,
  );
  const shown = breaches
    .filter(({ rule }, i) => breaches.slice(0, i).filter((other) => other.rule === rule).length < SHOWN_PER_RULE)
    .slice(0, SHOWN_MAX);
  for (const { rule, subject, detail } of shown) say(`  ${rule}: ${subject}: ${detail}`);
  if (missed.length > 0) say(`  never reached: ${missed.join(', ')} (reached: ${[...coverage.reached].join(', ')})`);
}
