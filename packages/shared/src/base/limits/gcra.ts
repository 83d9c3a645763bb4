// The arithmetic of a rate limit, without clock or storage. GCRA (generic cell rate algorithm) keeps one number per
// bucket: the time at which the bucket is full again (the "theoretical arrival time"). A time further in the future
// than the whole period means debt: a bulk may take more tokens than the bucket has, and the next request waits until
// they have refilled. Times are integer microseconds (exact in a double until the year 2255). redis-store.ts repeats
// `decide` in Lua, and both stores pass one test suite.
import type { Limit, LimitResult } from './limit-store';

export interface Decision {
  readonly result: LimitResult;
  /** The new time to store; unchanged when the request is refused or costs nothing. */
  readonly fullAtUs: number;
}

/** Microseconds for one token to refill, rounded up, so that a limit never admits more than it says. */
export function tokenUs(limit: Limit): number {
  return Math.ceil((limit.periodMs * 1000) / limit.tokens);
}

export function decide(fullAtUs: number | undefined, nowUs: number, cost: number, limit: Limit, paid = 0): Decision {
  const perToken = tokenUs(limit);
  const capacityUs = limit.tokens * perToken;
  const usedUs = Math.max(0, (fullAtUs ?? 0) - nowUs);
  const freeUs = capacityUs - usedUs;
  const togetherUs = Math.min(cost + paid, limit.tokens) * perToken;
  const isAllowed = freeUs >= togetherUs - paid * perToken;
  const usedAfterUs = isAllowed ? usedUs + cost * perToken : usedUs;
  return {
    fullAtUs: nowUs + usedAfterUs,
    result: {
      allowed: isAllowed,
      remaining: Math.max(0, Math.floor((capacityUs - usedAfterUs) / perToken)),
      retryAfterS: isAllowed ? 0 : wholeSeconds(togetherUs - freeUs),
      resetS: Math.ceil(usedAfterUs / 1_000_000),
    },
  };
}

/** Rounded up, so that this wait is long enough; never 0. */
function wholeSeconds(us: number): number {
  return Math.max(1, Math.ceil(us / 1_000_000));
}
