// Shared limits while Redis answers, this process's own while it does not. For regular requests only: money fails
// closed and uses the Redis store directly. After a failure Redis is left alone for a second, so that a hanging one
// does not slow every request.
import type { Clock } from '../../ground/runtime';
import { noteStoreFailure } from './decisions';
import type { Limit, LimitResult, LimitStore } from './limit-store';

const REST_MS = 1_000;

export class FallbackLimitStore implements LimitStore {
  private restUntilMs = 0;

  constructor(
    private readonly shared: LimitStore,
    private readonly local: LimitStore,
    private readonly clock: Clock,
  ) {}

  async take(key: string, cost: number, limit: Limit, paid = 0): Promise<LimitResult> {
    if (this.clock.nowMs() < this.restUntilMs) return this.local.take(key, cost, limit, paid);
    try {
      return await this.shared.take(key, cost, limit, paid);
    } catch {
      noteStoreFailure('regular');
      // Logged once per outage by the Redis client; the request goes on under the local limit.
      this.restUntilMs = this.clock.nowMs() + REST_MS;
      return this.local.take(key, cost, limit, paid);
    }
  }

  peek(key: string, limit: Limit): Promise<LimitResult> {
    return this.take(key, 0, limit);
  }
}
