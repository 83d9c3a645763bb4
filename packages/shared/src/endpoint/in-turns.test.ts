import { mapInTurns } from './in-turns';

it('maps as Array.map does, and lets others have turns between', async () => {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const slow = (item: number, index: number): string => {
    const untilMs = performance.now() + 3;
    while (performance.now() < untilMs);
    return `${String(index)}:${String(item)}`;
  };
  const items = Array.from({ length: 60 }, (_, i) => i * 2);
  expect(await mapInTurns(items, slow)).toEqual(items.map((item, i) => `${String(i)}:${String(item)}`));
  isDone = true;
  expect(turns).toBeGreaterThanOrEqual(15);
});

it('passes on what the work throws', async () => {
  await expect(
    mapInTurns([1, 2], () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
});
