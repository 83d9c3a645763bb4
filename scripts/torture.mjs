// `npm run torture -- --seed N [--seeds COUNT] [--seconds S] [--redis] [--bug NAME] [--bugs] [--races
// all|PART_OF_A_NAME] [--verbose]`: the whole system under faults, then the invariants (packages/torture,
// docs/torture.md). Exits 0 when every run kept its promises and reached the states that it requires.
import { install } from './install.mjs';

await install({ quiet: true });
const { build, root } = await import('./build.mjs');
await build({ quiet: true });
const postgres = await import('./postgres.mjs');
const { prepareDatabase } = await import('../packages/launcher/src/database.mjs');
const { publicKeys } = await import('../packages/launcher/src/secrets.mjs');
/** @type {typeof import('../packages/torture/src/index.js')} */
const { runTorture } = await import(new URL('../packages/torture/dist/index.js', import.meta.url).href);
const isGood = await runTorture(process.argv.slice(2), { root, prepareDatabase, publicKeys, ...postgres }, console.log);
process.exit(isGood ? 0 : 1);
