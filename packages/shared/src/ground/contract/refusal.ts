// A refusal as a value: in a request for many objects, one refused object must not end the others.
import { AppError } from './app-error';

/** The result of the work, or the AppError it throws. All other errors are thrown on. */
export async function orRefusal<T>(work: () => T | Promise<T>): Promise<T | AppError> {
  try {
    return await work();
  } catch (err) {
    if (err instanceof AppError) return err;
    throw err;
  }
}
