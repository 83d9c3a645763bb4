// Bounds what guessing keys costs us: an address whose well-formed keys keep turning out unknown is told to slow down before the database
// is asked again. Keys that are cached are never held up by their neighbours behind one address.
import { AppError } from '@lumi/shared/contract';
import { MINUTE_MS, type Limit, type MemoryLimitStore } from '@lumi/shared/limits';
import { addressBucket } from '../limits/address-bucket';

const UNKNOWN_PER_MINUTE: Limit = { tokens: 300, periodMs: MINUTE_MS };

export class Guessing {
  constructor(private readonly limits: MemoryLimitStore) {}

  /** Before a look-up. Throws 429. */
  refuseFloods(clientIp: string): void {
    const state = this.limits.peekNow(bucketOf(clientIp), UNKNOWN_PER_MINUTE);
    if (state.remaining < 1) throw new AppError('rate_limited', undefined, { retryAfterS: 1 });
  }

  /** After a look-up that found nothing. */
  note(clientIp: string): void {
    this.limits.takeNow(bucketOf(clientIp), 1, UNKNOWN_PER_MINUTE);
  }
}

function bucketOf(clientIp: string): string {
  return `unknown-key:${addressBucket(clientIp)}`;
}
