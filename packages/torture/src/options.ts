// The options of `npm run torture` (docs/torture.md).
import { cpSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PRODUCTS, type Product } from '@lumi/shared/contract';
import { NODE_RUN } from './steps/node-steps';
import { ROLLING_RESTART } from './steps/rolling-restart';
import { racesOf } from './steps/races';
import { DRILL } from './steps/steps';
import type { TortureOptions } from './torture';

const SECONDS = { min: 5, max: 600 };
/** Gateways, and workers of each product. */
const PROCESSES = { min: 2, max: 5 };
/** Where the planted bugs are: most need no node, and a node needs none of the others. */
const BUG_PRODUCTS: readonly (readonly Product[])[] = [['domains', 'vps'], ['proxy']];
const ITEMS = { min: 20, max: 500, usual: 60 };

/** Those of each system that is started; they come one after the other. */
export function readOptions(args: readonly string[]): TortureOptions[] {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '25' },
      redis: { type: 'boolean', default: false },
      'redis-cluster': { type: 'boolean', default: false },
      pgbouncer: { type: 'boolean', default: false },
      failover: { type: 'boolean', default: false },
      gateways: { type: 'string', default: '2' },
      workers: { type: 'string', default: '2' },
      bug: { type: 'string' },
      drill: { type: 'boolean', default: false },
      node: { type: 'boolean', default: false },
      'rolling-restart': { type: 'boolean', default: false },
      races: { type: 'string' },
      bulk: { type: 'string' },
      bugs: { type: 'boolean', default: false },
      products: { type: 'string' },
      keep: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const { races, bulk, keep } = values;
  const isOfOneProduct = races === undefined && !values.bugs && (values.drill || bulk !== undefined);
  // A directed run needs one product; a storm is about all of them.
  const usual: readonly (readonly Product[])[] =
    races === undefined && values.bugs
      ? BUG_PRODUCTS
      : [isOfOneProduct ? ['domains'] : values.node ? ['proxy'] : PRODUCTS];
  const sets = values.products === undefined ? usual : [productsOf(values.products)];
  const first = Number(values.seed);
  return sets.map((products) => ({
    seeds: Array.from({ length: Number(values.seeds) }, (_, i) => first + i),
    seconds: within(SECONDS, values.seconds),
    shape: {
      gateways: within(PROCESSES, values.gateways),
      workers: within(PROCESSES, values.workers),
      redis: values['redis-cluster'] ? 'cluster' : values.redis ? 'one' : 'none',
      hasPgBouncer: values.pgbouncer,
      hasStandby: values.failover,
    },
    products,
    bug: values.bug,
    allBugs: values.bugs,
    steps: values['rolling-restart']
      ? [ROLLING_RESTART]
      : stepsOf(products, { races, bulk, drill: values.drill, node: values.node }),
    items: bulk === undefined ? ITEMS.usual : within(ITEMS, bulk),
    isVerbose: values.verbose,
    keepLogs: keep === undefined ? null : (folder) => cpSync(folder, keep, { recursive: true }),
  }));
}

function within({ min, max }: { readonly min: number; readonly max: number }, text: string): number {
  return Math.min(max, Math.max(min, Number(text)));
}

interface Directed {
  readonly races: string | undefined;
  readonly bulk: string | undefined;
  readonly drill: boolean;
  readonly node: boolean;
}

/** Undefined for a storm. */
function stepsOf(products: readonly Product[], { races, bulk, drill, node }: Directed): readonly string[] | undefined {
  if (races !== undefined) return racesOf(products, races);
  if (drill) return DRILL;
  if (node) return NODE_RUN;
  return bulk === undefined ? undefined : ['bulk'];
}

function productsOf(text: string): Product[] {
  return text.split(',').map((name) => {
    const product = PRODUCTS.find((known) => known === name);
    if (product === undefined) throw new Error(`--products: "${name}" is none of ${PRODUCTS.join(', ')}`);
    return product;
  });
}
