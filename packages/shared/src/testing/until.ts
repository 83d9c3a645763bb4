// Tests wait for a condition, never for a time.
import { setTimeout } from 'node:timers/promises';

export interface UntilOptions {
  timeoutMs?: number;
  everyMs?: number;
}

type Truthy<T> = Exclude<T, null | undefined | false | 0 | ''>;

/**
 * Resolves with the first truthy value of `condition`. A condition that throws counts as false; the last error is
 * reported at the end.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20 }: UntilOptions = {},
): Promise<Truthy<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await condition();
      if (value) return value as Truthy<T>; // just tested
    } catch (err) {
      cause = err;
    }
    if (performance.now() > deadline)
      throw new Error(`Did not come true within ${timeoutMs} ms: ${condition.toString()}`, { cause });
    await setTimeout(everyMs);
  }
}
