// Work on many items that never waits would block all other requests of the process until its end. So it runs for some
// milliseconds at a time. All lists of the process share one such stretch in each round of the event loop: a hundred
// lists at once block the others no longer than one does.
import { orRefusal, type AppError } from '../../ground/contract';
import { elapsedMs } from '../../ground/runtime';

const STRETCH_MS = 8;
/** Up to so many items begin at once and wait for no turn. */
const SHORT_LIST = 10;

/** As `items.map(work)`, but lets other work run in between. */
export async function mapInTurns<T, R>(items: readonly T[], work: (item: T, index: number) => R): Promise<R[]> {
  const results: R[] = [];
  const stretch = new Stretch(items.length);
  for (const [index, item] of items.entries()) {
    if (stretch.isOver) await stretch.next();
    results.push(work(item, index));
  }
  return results;
}

/**
 * One after the other, each with its result or refusal: 500 items at once would take all connections of the process.
 */
export async function oneByOne<I, T>(
  items: readonly I[],
  work: (item: I, index: number) => T | Promise<T>,
): Promise<(T | AppError)[]> {
  const results: (T | AppError)[] = [];
  const stretch = new Stretch(items.length);
  for (const [index, item] of items.entries()) {
    if (stretch.isOver) await stretch.next(); // synchronous work has let nothing else run
    results.push(await orRefusal(() => work(item, index)));
  }
  return results;
}

class Stretch {
  private untilMs: number;

  constructor(items: number) {
    this.untilMs = items > SHORT_LIST ? 0 : elapsedMs() + STRETCH_MS;
  }

  get isOver(): boolean {
    return elapsedMs() >= this.untilMs;
  }

  async next(): Promise<void> {
    await ownRound();
    this.untilMs = elapsedMs() + STRETCH_MS;
  }
}

const waiting: (() => void)[] = [];

/** Waits for a round of the event loop in which no other list has its stretch. */
function ownRound(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(startNext);
  });
}

function startNext(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(startNext);
}
