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
