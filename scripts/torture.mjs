// `npm run torture -- --seed N [--seeds COUNT] [--seconds S] [--redis] [--bug NAME] [--bugs] [--races
// all|PART_OF_A_NAME] [--verbose]`: the whole system under faults, then the invariants (docs/torture.md). Exits 0 when
// every run kept its promises and reached the states it owes.
import { cpSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { install } from './install.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '25' },
    redis: { type: 'boolean', default: false },
    bug: { type: 'string' },
    drill: { type: 'boolean', default: false },
    races: { type: 'string' },
    bulk: { type: 'string' },
    bugs: { type: 'boolean', default: false },
    products: { type: 'string' },
    keep: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

await install({ quiet: true });
const { build } = await import('./build.mjs');
await build({ quiet: true });
const { torture } = await import('../packages/torture/src/torture.mjs');
const { DRILL } = await import('../packages/torture/src/drill.mjs');
const { racesOf } = await import('../packages/torture/src/races.mjs');
// What is directed needs one product; a storm is about all of them.
const products =
  values.products ??
  (values.races !== undefined
    ? 'domains,vps,proxy'
    : values.bugs
      ? 'domains,vps'
      : values.drill || values.bulk !== undefined
        ? 'domains'
        : 'domains,vps,proxy');
const steps =
  values.races !== undefined
    ? racesOf(products.split(','), values.races)
    : values.drill
      ? DRILL
      : values.bulk === undefined
        ? undefined
        : ['bulk'];
const first = Number(values.seed);
const isGood = await torture({
  seeds: Array.from({ length: Number(values.seeds) }, (_, i) => first + i),
  seconds: Math.min(600, Math.max(5, Number(values.seconds))),
  useRedis: values.redis,
  products: products.split(','),
  bug: values.bug,
  allBugs: values.bugs,
  steps,
  items: values.bulk === undefined ? 60 : Math.min(500, Math.max(20, Number(values.bulk))),
  isVerbose: values.verbose,
  keepLogs: values.keep === undefined ? null : (folder) => cpSync(folder, values.keep, { recursive: true }),
});
process.exit(isGood ? 0 : 1);
