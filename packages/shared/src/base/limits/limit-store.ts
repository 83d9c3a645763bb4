// The interface of a rate limit by GCRA (generic cell rate algorithm), which has no window edge to exploit. Stores:
// memory (one process) and Redis (all gateways). A bulk may go into debt: it is admitted when min(cost, limit) tokens
// are there, and pays its full cost.

export interface Limit {
  readonly tokens: number;
  readonly periodMs: number;
}

export interface LimitResult {
  readonly allowed: boolean;
  /** Whole tokens left after this request, never negative. */
  readonly remaining: number;
  /**
   * When refused: whole seconds, at least 1, after which the same request is admitted if no other request spends
   * tokens. 0 when allowed.
   */
  readonly retryAfterS: number;
  /** Seconds until the bucket is full again. */
  readonly resetS: number;
}

export interface LimitStore {
  /**
   * `paid`: what this request has paid before; it counts towards the tokens that must be there. A refusal says when the
   * whole request passes.
   */
  take(key: string, cost: number, limit: Limit, paid?: number): Promise<LimitResult>;
  /** The answer of `take` with cost 0, without spending. */
  peek(key: string, limit: Limit): Promise<LimitResult>;
}

export const MINUTE_MS = 60_000;
export const REGULAR_PER_MINUTE = 120;
export const MONEY_PER_MINUTE = 20;
/** Items of a dry run or quote per regular token. */
export const ITEMS_PER_TOKEN = 10;
