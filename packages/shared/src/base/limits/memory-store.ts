// Rate limits of one process. Bounded: when full, buckets that have filled up again go first (forgetting them changes
// nothing), then the one made longest ago. A client clock or time of day never matters, only the clock given here.
import type { Clock } from '../../ground/runtime';
import { decide } from './gcra';
import type { Limit, LimitResult, LimitStore } from './limit-store';

const BUCKETS_MAX = 100_000;
/** How many of the oldest buckets one insertion checks when the store is full; this bounds the cost of a request. */
const SWEEP = 32;

export interface MemoryStoreOptions {
  readonly bucketsMax?: number;
}

export class MemoryLimitStore implements LimitStore {
  private readonly fullAtUs = new Map<string, number>();
  private readonly bucketsMax: number;

  constructor(
    private readonly clock: Clock,
    options: MemoryStoreOptions = {},
  ) {
    this.bucketsMax = options.bucketsMax ?? BUCKETS_MAX;
  }

  take(key: string, cost: number, limit: Limit, paid = 0): Promise<LimitResult> {
    return Promise.resolve(this.takeNow(key, cost, limit, paid));
  }

  peek(key: string, limit: Limit): Promise<LimitResult> {
    return Promise.resolve(this.peekNow(key, limit));
  }

  /** `take` without a promise, for callers that know the store is local. */
  takeNow(key: string, cost: number, limit: Limit, paid = 0): LimitResult {
    const before = this.fullAtUs.get(key);
    const { result, fullAtUs } = decide(before, this.clock.nowMs() * 1000, cost, limit, paid);
    if (!result.allowed || cost === 0) return result;
    if (before === undefined && this.fullAtUs.size >= this.bucketsMax) this.evict();
    this.fullAtUs.set(key, fullAtUs);
    return result;
  }

  peekNow(key: string, limit: Limit): LimitResult {
    return decide(this.fullAtUs.get(key), this.clock.nowMs() * 1000, 0, limit).result;
  }

  get size(): number {
    return this.fullAtUs.size;
  }

  private evict(): void {
    const nowUs = this.clock.nowMs() * 1000;
    let oldest: string | undefined;
    let looked = 0;
    for (const [key, fullAtUs] of this.fullAtUs) {
      oldest ??= key;
      if (fullAtUs <= nowUs) this.fullAtUs.delete(key);
      looked += 1;
      if (looked >= SWEEP) break;
    }
    if (this.fullAtUs.size >= this.bucketsMax && oldest !== undefined) this.fullAtUs.delete(oldest);
  }
}
