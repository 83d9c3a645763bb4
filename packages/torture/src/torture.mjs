// Runs one after the other on one system, which is started once: each begins with empty tables and all processes up.
// The sentence at the end.
import { BUGS } from './bugs.mjs';
import { TortureCluster } from './cluster.mjs';
import { missedInSet } from './coverage.mjs';
import { HANDS } from './owed.mjs';
import { runOnce } from './run.mjs';
import { System } from './system.mjs';
import { makeSecrets } from './system-settings.mjs';

const SHOWN_PER_RULE = 12;
const SHOWN_MAX = 40;

export async function torture({
  seeds,
  seconds,
  useRedis,
  products,
  bug,
  allBugs,
  steps,
  items,
  isVerbose,
  keepLogs,
  say = console.log,
}) {
  const secrets = makeSecrets();
  const cluster = await TortureCluster.make(secrets.roles);
  const system = new System({ cluster, secrets, products, useRedis });
  const one = (options) => runOnce({ system, seconds, items, ...options, say: isVerbose ? say : undefined });
  try {
    await system.start();
    if (allBugs) return await catchAll({ one, say, names: bug?.split(',') });
    const isGood = await runSeeds({
      one: (options) => one({ ...options, ...(steps === undefined ? {} : { steps }) }),
      seeds,
      bug: steps === undefined ? bug : undefined,
      useRedis,
      products,
      say,
    });
    return steps === undefined || bug === undefined
      ? isGood
      : isGood && (await catchAll({ one, say, names: bug.split(',') }));
  } finally {
    await system.stop();
    keepLogs?.(system.logs);
    await cluster.remove();
  }
}

async function runSeeds({ one, seeds, bug, useRedis, products, say }) {
  const runs = [];
  for (const seed of seeds) {
    const run = await one({ seed, bug });
    runs.push(run);
    report(run, say);
  }
  const failed = runs.filter(({ breaches, missed }) => breaches.length > 0 || missed.length > 0);
  const missed = runs.length >= HANDS ? missedInSet(runs, { useRedis, products }) : [];
  if (missed.length > 0) say(`Never reached in ${runs.length} runs: ${missed.join(', ')}`);
  for (const line of runs.flatMap(({ figures }) => figures.bulks)) say(line);
  const sum = (name) => runs.reduce((total, { figures }) => total + figures[name], 0);
  say(
    `${runs.length - failed.length} of ${runs.length} runs kept every promise (${sum('requests')} requests, ` +
      `${sum('orders')} orders, ${sum('batches')} batches, ${sum('faults')} ` +
      `faults${useRedis ? ', with Redis' : ''}).`,
  );
  return failed.length === 0 && missed.length === 0;
}

/** The harness must be able to fail: every planted bug is caught by the run whose seed stands beside it. */
async function catchAll({ one, say, names }) {
  const escaped = [];
  const bugs = BUGS.filter(({ name }) => names === undefined || names.includes(name));
  for (const { name, seed, rules, steps, items = 30, waitMs } of bugs) {
    const { breaches } = await one({ seed, bug: name, steps, items, waitMs });
    const caught = rules.map((rule) => breaches.find((breach) => breach.rule.includes(rule))).find(Boolean);
    if (caught === undefined) escaped.push(name);
    say(
      caught === undefined
        ? `${name}: NOT CAUGHT with seed ${seed} (other breaches: ${
            breaches
              .slice(0, 3)
              .map(({ rule, subject, detail }) => `${rule}: ${subject}: ${detail}`)
              .join('; ') || 'none'
          })`
        : `${name}: caught with seed ${seed} by "${caught.rule}" (${caught.detail})`,
    );
  }
  say(escaped.length === 0 ? `All ${bugs.length} planted bugs were caught.` : `Not caught: ${escaped.join(', ')}`);
  return escaped.length === 0;
}

function report({ seed, breaches, missed, figures, coverage }, say) {
  say(
    `seed ${seed}: ${breaches.length === 0 ? 'no breach' : `${breaches.length} BREACHES`}, ` +
      `${figures.orders} orders, ${figures.batches} batches, ${figures.requests} requests, ${figures.faults} ` +
      `faults, final ${(figures.settledMs / 1_000).toFixed(1)} s after ` +
      `healing${figures.stretch > 1 ? ` (busy machine, times × ${figures.stretch})` : ''}`,
  );
  const shown = breaches
    .filter(({ rule }, i) => breaches.slice(0, i).filter((other) => other.rule === rule).length < SHOWN_PER_RULE)
    .slice(0, SHOWN_MAX);
  for (const { rule, subject, detail } of shown) say(`  ${rule}: ${subject}: ${detail}`);
  if (missed.length > 0) say(`  never reached: ${missed.join(', ')} (reached: ${[...coverage.reached].join(', ')})`);
}
