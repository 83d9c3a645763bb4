import { AppError } from '../../ground/contract';
import { mapInTurns, oneByOne } from './in-turns';

const ITEMS = Array.from({ length: 60 }, (_, i) => i * 2);
const slow = (item: number, index: number): string => {
  const untilMs = performance.now() + 3;
  while (performance.now() < untilMs);
  return `${String(index)}:${String(item)}`;
};
const RESULTS = ITEMS.map((item, i) => `${String(i)}:${String(item)}`);

/** How often other work ran while it was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isDone = true;
  return turns;
}

describe('mapInTurns', () => {
  it('maps as Array.map does, and lets other work run in between', async () => {
    const turns = await turnsDuring(async () => expect(await mapInTurns(ITEMS, slow)).toEqual(RESULTS));
    expect(turns).toBeGreaterThanOrEqual(15);
  });

  it('passes on the errors of the work', async () => {
    await expect(
      mapInTurns([1, 2], () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
  });
});

it('gives all lists of the process together one stretch in each round of the event loop', async () => {
  let isDone = false;
  let inThisRound = 0;
  let most = 0;
  const nextRound = (): void => {
    inThisRound = 0;
    if (!isDone) setImmediate(nextRound);
  };
  setImmediate(nextRound);
  const work = (item: number, index: number): string => {
    inThisRound += 1;
    most = Math.max(most, inThisRound);
    return slow(item, index);
  };
  await Promise.all(Array.from({ length: 16 }, () => mapInTurns(ITEMS.slice(0, 12), work)));
  isDone = true;
  expect(most).toBeLessThanOrEqual(4); // of three milliseconds each
});

it('does a short list at once, while long ones wait for their turns', async () => {
  const order: string[] = [];
  await Promise.all([
    ...['a', 'b', 'c'].map(async (name) => {
      await mapInTurns(ITEMS, slow);
      order.push(name);
    }),
    mapInTurns([1, 2], slow).then(() => order.push('short')),
  ]);
  expect(order[0]).toBe('short');
});

describe('oneByOne', () => {
  it('lets other work run between items that never wait', async () => {
    const turns = await turnsDuring(async () =>
      expect(await oneByOne(ITEMS, async (item, index) => Promise.resolve(slow(item, index)))).toEqual(RESULTS),
    );
    expect(turns).toBeGreaterThanOrEqual(15);
  });

  it('begins an item when the one before it is done', async () => {
    let open = 0;
    const seen = await oneByOne([1, 2, 3], async () => {
      open += 1;
      const atOnce = open;
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return atOnce;
    });
    expect(seen).toEqual([1, 1, 1]);
  });

  it('returns a refusal in place of its item, and passes on every other error', async () => {
    const refusal = new AppError('not_found');
    const refuse = (item: number): number => {
      if (item === 2) throw refusal;
      return item;
    };
    expect(await oneByOne([1, 2, 3], refuse)).toEqual([1, refusal, 3]);
    await expect(oneByOne([1], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
