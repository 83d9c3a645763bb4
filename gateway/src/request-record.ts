// What the stages learn about a request, in one object with a fixed shape. Each stage sets its own field and names it
// in its first line. No stage adds other properties to the request.
import type { Product } from '@lumi/shared/contract';
import type { Span } from '@lumi/shared/tracing';
import type { KnownKey } from './keys/known-key';
import type { Match, Operation } from './routes/operation';

export const NO_BODY = Buffer.alloc(0);

export interface Abandonable {
  /** Called when the client goes away before the answer is out. */
  abandon(): void;
}

export class RequestRecord {
  /** 02: the target as sent, split at the first question mark (`query` without it). */
  path = '';
  query = '';
  /** 04 */
  product: Product | null = null;
  match: Match | null = null;
  /** 05: null on public routes. */
  key: KnownKey | null = null;
  /** 06 */
  operation: Operation | null = null;
  isMoney = false;
  /** 11: by a key that signs, with a valid signature. */
  isSigned = false;
  /** 07: values of the RateLimit headers so far. */
  rateLimit = '';
  ratePolicy = '';
  /** 09: the exact bytes received. */
  body: Buffer = NO_BODY;
  /** 12 */
  idempotencyKey = '';
  /** 13: the exchange with the service while it runs; the answer's size. */
  exchange: Abandonable | null = null;
  bytesOut = 0;
  /** 01: null when the request is not traced. */
  span: Span | null = null;
  /** The name of the stage that refused; empty: none. */
  refusedBy = '';
  /** 99, and 13 for refusals of a service. */
  errorCode = '';

  constructor(
    readonly id: string,
    readonly startedMs: number,
    readonly clientIp: string,
  ) {}
}

declare global {
  // Express's own way of extending its request; a module augmentation of 'express' would not reach its handlers.
  namespace Express {
    interface Request {
      lumi: RequestRecord;
    }
  }
}
