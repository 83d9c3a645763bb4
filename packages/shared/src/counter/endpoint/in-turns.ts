// Work on many items that waits for nothing would hold up every other request of the process until its end: it is done
// some milliseconds at a time.
import { setImmediate as turn } from 'node:timers/promises';
import { orRefusal, type AppError } from '../../ground/contract';
import { elapsedMs } from '../../ground/runtime';

const STRETCH_MS = 8;

/** As `items.map(work)`, letting others have their turns. */
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
    if (stretch.isOver) await stretch.next(); // work that waited for nothing let nobody else go on
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
