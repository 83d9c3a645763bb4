// How often the feed's number is read while nodes wait for it.
import { until } from '@lumi/shared/testing';
import { FeedWatch } from '../src/nodes/feed-watch';

const FOREVER = new AbortController().signal;
const PACE = { everyMs: 1, quietMs: 1, quietAfterMs: 0, noticedMs: 600_000 };

/** Reads in a tenth of a second in which the number does not change, after a first look that found it. */
async function readsWhen(quietAfterMs: number): Promise<number> {
  let reads = 0;
  const read = (): Promise<number> => {
    reads += 1;
    return Promise.resolve(7);
  };
  const feed = new FeedWatch({ read, isNoticed: () => false }, { ...PACE, quietMs: 40, quietAfterMs });
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
  const feed = new FeedWatch({ read, isNoticed: () => false }, PACE);
  const waits = Array.from({ length: 20 }, () => feed.isAbove(1, 60_000, new AbortController().signal));
  number = 2;
  expect(await Promise.all(waits)).toEqual(Array.from({ length: 20 }, () => true));
  expect(most).toBe(1);
});

describe('where notices are heard', () => {
  it('is read when a notice comes, also one that came while it was read', async () => {
    let number = 1;
    let answer: ((read: number) => void) | null = null;
    const read = (): Promise<number> => new Promise((resolve) => (answer = resolve));
    const feed = new FeedWatch({ read, isNoticed: () => true }, PACE);
    const isAbove = feed.isAbove(1, 600_000, FOREVER);
    const answered = async (): Promise<void> => {
      await until(() => answer !== null);
      const seen = number;
      answer?.(seen);
      answer = null;
    };
    feed.hurry();
    await until(() => answer !== null);
    const early = number; // what the look sees is from before the change
    number = 2;
    feed.hurry();
    (answer as ((read: number) => void) | null)?.(early);
    answer = null;
    await answered();
    expect(await isAbove).toBe(true);
  });

  it('is read when the time of a wait is over, and left at once by one that is broken off', async () => {
    const feed = new FeedWatch({ read: () => Promise.resolve(1), isNoticed: () => true }, PACE);
    expect(await feed.isAbove(1, 20, FOREVER)).toBe(false);
    const gone = new AbortController();
    const waits = feed.isAbove(1, 600_000, gone.signal);
    gone.abort();
    expect(await waits).toBe(false);
  });
});
