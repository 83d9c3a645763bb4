// What a rate limit needs: GCRA (generic cell rate algorithm), so there is no window edge to game. Stores: memory (one
// process) and Redis (all gateways). A bulk may go into debt: it is admitted when min(cost, limit) tokens are there and
// pays its full cost.

export interface Limit {
  readonly tokens: number;
  readonly periodMs: number;
}

export interface LimitResult {
  readonly allowed: boolean;
  /** Whole tokens left after this request, never negative. */
  readonly remaining: number;
  /**
   * When refused: whole seconds, at least 1, after which the same request is admitted if nobody else spends. 0 when
   * allowed.
   */
  readonly retryAfterS: number;
  /** Seconds until the bucket is full again. */
  readonly resetS: number;
}

export interface LimitStore {
  /**
   * `paid`: what this very request has paid before, which counts towards what must be there. A refusal tells when all
   * of it together passes.
   */
  take(key: string, cost: number, limit: Limit, paid?: number): Promise<LimitResult>;
  /** What `take` with cost 0 would say, without spending. */
  peek(key: string, limit: Limit): Promise<LimitResult>;
}

export const MINUTE_MS = 60_000;
export const REGULAR_PER_MINUTE = 120;
export const MONEY_PER_MINUTE = 20;
/** Items of a dry run or quote that one regular token pays for. */
export const ITEMS_PER_TOKEN = 10;
