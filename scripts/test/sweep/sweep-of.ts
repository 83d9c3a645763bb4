// The sweep sends every operation of a product's document one wrong value for each field, path part, query parameter
// and header, as customers and as operators. Every answer must be one that the document names, never `5xx`, with our
// own messages. A refused request must not change any table. Other values of the same kinds: npm test -- sweep --seed N
import type { Product } from '@lumi/shared/contract';
import type { Recipes } from '../contract/world';
import { sweeper } from './sweeper';

declare global {
  /** The value of jest's option `-t`; set by scripts/jest/environment.cjs. */
  var lumiTestNamePattern: string | undefined;
}

/**
 * Of one product, two of which run at once: the sweep takes two minutes at most. On a machine too slow for all of it,
 * each operation gets its share of the time, and the last line says how much was left out; one value of each place is
 * judged whatever the time is. Who asks for some of the operations by name is waiting for all of their values.
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
      `sweep of ${product}, seed ${String(seed)}: ${String(counts.sent)} of ${String(counts.known)} wrong values ` +
        `sent, ${String(counts.judged)} judged, in ${((Date.now() - startedAt) / 1_000).toFixed(0)} s\n`,
    );
  });

  it('has every operation of the document', () => {
    expect(operationIds().sort()).toEqual(Object.keys(recipes).sort());
  });

  it.each(Object.entries(recipes))(
    '%s refuses every wrong value, at every place, and changes nothing',
    async (id, recipe) => {
      share += weightOf(id);
      const endsAt =
        globalThis.lumiTestNamePattern === undefined ? startedAt + BUDGET_MS * share : Date.now() + BUDGET_MS;
      expect({
        again: `npm test -- sweep --seed ${String(seed)}`,
        ...(await sweep(id, recipe, endsAt)),
      }).toEqual({ again: expect.any(String), faults: [], changed: [], unjudged: [] });
    },
  );

  it('leaves the books right', async () => {
    expect(await lumi.breaches()).toEqual([]);
  });

  it('leaves no fault in the logs: only calls for an operator, where a recipe makes what nobody can decide', () => {
    const isFault = (line: string): boolean => line.includes('"level":"error"') && !line.includes('"alert":true');
    expect(lumi.logged.filter(isFault)).toEqual([]);
  });
}
