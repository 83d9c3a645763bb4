// Work on many items that never waits would block all other requests of the process until its end. So it runs for some
// milliseconds at a time.
import { setImmediate as turn } from 'node:timers/promises';
import { orRefusal, type AppError } from '../../ground/contract';
import { elapsedMs } from '../../ground/runtime';

const STRETCH_MS = 8;

/** As `items.map(work)`, but lets other work run in between. */
export async function mapInTurns<T, R>(items: readonly T[], work: (item: T, index: number) => R): Promise<R[]> {
  const results: R[] = [];
  const stretch = new Stretch();
  for (const [index, item] of items.entries()) {
    results.push(work(item, index));
    if (stretch.isOver) await stretch.next();
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
  const stretch = new Stretch();
  for (const [index, item] of items.entries()) {
    results.push(await orRefusal(() => work(item, index)));
    if (stretch.isOver) await stretch.next(); // synchronous work has let nothing else run
  }
  return results;
}

class Stretch {
  private sinceMs = elapsedMs();

  get isOver(): boolean {
    return elapsedMs() - this.sinceMs >= STRETCH_MS;
  }

  async next(): Promise<void> {
    await turn();
    this.sinceMs = elapsedMs();
  }
}
