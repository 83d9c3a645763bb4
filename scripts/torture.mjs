// `npm run torture -- --seed N [--seeds COUNT] [--seconds S] [--redis] [--bug NAME] [--bugs] [--verbose]`: the whole system under faults, then the
// invariants (docs/torture.md). Exits 0 when every run kept its promises and reached the states it owes.
import { cpSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { install } from './install.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' }, seeds: { type: 'string', default: '1' }, seconds: { type: 'string', default: '25' }, redis: { type: 'boolean', default: false },
    bug: { type: 'string' }, bugs: { type: 'boolean', default: false }, products: { type: 'string', default: 'domains' }, keep: { type: 'string' }, verbose: { type: 'boolean', default: false },
  },
});

await install({ quiet: true });
const { build } = await import('./build.mjs');
await build({ quiet: true });
const { torture } = await import('./torture/torture.mjs');
const first = Number(values.seed);
const isGood = await torture({
  seeds: Array.from({ length: Number(values.seeds) }, (_, i) => first + i), seconds: Math.min(600, Math.max(5, Number(values.seconds))), useRedis: values.redis, products: values.products.split(','),
  bug: values.bug, allBugs: values.bugs, isVerbose: values.verbose, keepLogs: values.keep === undefined ? null : (folder) => cpSync(folder, values.keep, { recursive: true }),
});
process.exit(isGood ? 0 : 1);
