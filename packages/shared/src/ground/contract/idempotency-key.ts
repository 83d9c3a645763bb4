import { invalid } from './app-error';

const SHAPE = /^[\x21-\x7e]{8,200}$/;

/** Throws 422. The gateway asks, and so does a service that is called directly. */
export function checkIdempotencyKey(key: string): void {
  if (!SHAPE.test(key))
    throw invalid('Idempotency-Key', 'must be 8 to 200 characters of printable ASCII without spaces, on one line');
}
