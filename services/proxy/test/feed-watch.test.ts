// How often the feed's number is read while nodes wait for it.
import { FeedWatch } from '../src/nodes/feed-watch';

const FOREVER = new AbortController().signal;

/** Reads in a tenth of a second in which the number does not change, after a first look that found it. */
async function readsWhen(quietAfterMs: number): Promise<number> {
  let reads = 0;
  const read = (): Promise<number> => {
    reads += 1;
    return Promise.resolve(7);
  };
  const feed = new FeedWatch(read, { everyMs: 1, quietMs: 40, quietAfterMs });
  expect(await feed.isAbove(6, 1_000, FOREVER)).toBe(true);
  reads = 0;
  expect(await feed.isAbove(7, 100, FOREVER)).toBe(false);
  return reads;
}

it('is read less often when nothing has changed for a while', async () => {
  const quiet = await readsWhen(0);
  expect(quiet).toBeLessThanOrEqual(4);
  expect(await readsWhen(60_000)).toBeGreaterThan(quiet);
});

it('is read once at a time, however many wait, and all of them get what was read', async () => {
  let number = 1;
  let open = 0;
  let most = 0;
  const read = async (): Promise<number> => {
    open += 1;
    most = Math.max(most, open);
    await Promise.resolve();
    open -= 1;
    return number;
  };
  const feed = new FeedWatch(read, { everyMs: 1, quietMs: 1, quietAfterMs: 0 });
  const waits = Array.from({ length: 20 }, () => feed.isAbove(1, 60_000, FOREVER));
  number = 2;
  expect(await Promise.all(waits)).toEqual(Array.from({ length: 20 }, () => true));
  expect(most).toBe(1);
});
