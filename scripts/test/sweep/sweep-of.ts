// The sweep sends every operation of a product's document one wrong value for each field, path part, query parameter
// and header, as customers and as operators. Every answer must be one that the document names, never `5xx`, with our
// own messages. A refused request must not change any table. Other values of the same kinds: npm test -- sweep --seed N
import type { Product } from '@lumi/shared/contract';
import type { Recipes } from '../contract/world';
import { sweeper } from './sweeper';

/**
 * For one product, two of which run at once: the sweep takes two minutes at most. On a slow machine each operation gets
 * its share of the time, and the last line says how much was left out.
 */
const BUDGET_MS = 55_000;

export function sweepOf(product: Product, recipes: Recipes): void {
  const seed = jest.getSeed();
  const { lumi, counts, start, operationIds, weightOf, sweep } = sweeper(product, seed);
  let startedAt = 0;
  let share = 0;

  beforeAll(async () => {
    await start();
    startedAt = Date.now();
  });

  afterAll(() => {
    process.stderr.write(
      `sweep of ${product}, seed ${String(seed)}: ${String(counts.sent)} of ${String(counts.known)} wrong ` +
        `values sent in ${((Date.now() - startedAt) / 1_000).toFixed(0)} s\n`,
    );
  });

  it('has every operation of the document', () => {
    expect(operationIds().sort()).toEqual(Object.keys(recipes).sort());
  });

  it.each(Object.entries(recipes))(
    '%s refuses every wrong value, at every place, and changes nothing',
    async (id, recipe) => {
      share += weightOf(id);
      expect({
        again: `npm test -- sweep --seed ${String(seed)}`,
        ...(await sweep(id, recipe, startedAt + BUDGET_MS * share)),
      }).toEqual({ again: expect.any(String), faults: [], changed: [] });
    },
  );

  it('leaves the books right', async () => {
    expect(await lumi.breaches()).toEqual([]);
  });
}
