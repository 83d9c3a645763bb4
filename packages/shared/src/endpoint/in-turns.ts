// Work on many items that waits for nothing would hold up every other request of the process until its end: it is done
// some milliseconds at a time.
import { setImmediate as turn } from 'node:timers/promises';
import { elapsedMs } from '../runtime';

const STRETCH_MS = 8;

/** As `items.map(work)`, letting others have their turns. */
export async function mapInTurns<T, R>(items: readonly T[], work: (item: T, index: number) => R): Promise<R[]> {
  const results: R[] = [];
  let sinceMs = elapsedMs();
  for (const [index, item] of items.entries()) {
    results.push(work(item, index));
    if (elapsedMs() - sinceMs < STRETCH_MS) continue;
    await turn();
    sinceMs = elapsedMs();
  }
  return results;
}
