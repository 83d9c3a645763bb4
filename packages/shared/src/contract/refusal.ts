// A refusal as a value: where many things are asked for together, one that is refused must not end the others.
import { AppError } from './app-error';

/** What the work gives, or the AppError it throws; anything else is thrown on. */
export async function orRefusal<T>(work: () => T | Promise<T>): Promise<T | AppError> {
  try {
    return await work();
  } catch (err) {
    if (err instanceof AppError) return err;
    throw err;
  }
}

/**
 * One after the other, each with its result or refusal: 500 items at once would take all connections of the process.
 */
export async function oneByOne<I, T>(
  items: readonly I[],
  work: (item: I) => T | Promise<T>,
): Promise<(T | AppError)[]> {
  const results: (T | AppError)[] = [];
  for (const item of items) results.push(await orRefusal(() => work(item)));
  return results;
}
