// The fault harness, as scripts/torture.mjs calls it. See README.md.
import { readOptions } from './options';
import type { Machine } from './system/machine';
import { torture } from './torture';

export { PgBouncer } from './system/pg-bouncer';
export { startRedisCluster } from './system/redis-cluster';

/** Reads the options of the command line and does what they say. True when everything was as it must be. */
export async function runTorture(args: readonly string[], machine: Machine, say: (line: string) => void) {
  let isGood = true;
  for (const options of readOptions(args)) isGood = (await torture(options, machine, say)) && isGood;
  return isGood;
}
