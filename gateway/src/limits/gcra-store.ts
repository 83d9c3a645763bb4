// Our limits as a `Store` of express-rate-limit. Its interface has neither weights nor limits per key, so the bucket's
// name carries its limit. The answer uses its terms: hits used of the limit, and one more than the limit for a refusal.
// The reset time is the moment when the bucket is full again, or, for a refusal, when a retry succeeds.
import type { IncrementResponse, Store } from 'express-rate-limit';
import { MINUTE_MS, type LimitStore, type countDecisions } from '@lumi/shared/limits';
import type { Clock } from '@lumi/shared/runtime';

export function bucketName(name: string, tokensPerMinute: number): string {
  return `${String(tokensPerMinute)}|${name}`;
}

export class GcraStore implements Store {
  readonly localKeys = false;

  constructor(
    private readonly limits: LimitStore,
    private readonly clock: Clock,
    private readonly decisions: ReturnType<typeof countDecisions>,
  ) {}

  async increment(bucket: string): Promise<IncrementResponse> {
    const cut = bucket.indexOf('|');
    const tokens = Number.parseInt(bucket.slice(0, cut), 10);
    const limit = { tokens, periodMs: MINUTE_MS };
    const result = this.decisions.decided(await this.limits.take(bucket.slice(cut + 1), 1, limit));
    const inS = result.allowed ? result.resetS : result.retryAfterS;
    return {
      totalHits: result.allowed ? tokens - result.remaining : tokens + 1,
      resetTime: new Date(this.clock.nowMs() + inS * 1000),
    };
  }

  /** Never called: no request is refunded. */
  decrement(): void {
    // Every request spends a token, whatever its answer.
  }

  resetKey(): void {
    // Buckets refill over time; no caller may reset one.
  }
}
