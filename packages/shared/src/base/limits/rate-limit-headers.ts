// `RateLimit` and `RateLimit-Policy` in the form of the IETF draft (named policies, structured fields). Gateway and
// services both use it: an answer to a money request has both policies, joined by a comma. `t` is the time until the
// bucket is full; in a refusal, until a retry passes, the same as `Retry-After`.
import type { Limit, LimitResult } from './limit-store';

export function rateLimitValue(name: string, result: LimitResult): string {
  return `"${name}";r=${String(result.remaining)};t=${String(result.allowed ? result.resetS : result.retryAfterS)}`;
}

export function rateLimitPolicyValue(name: string, limit: Limit): string {
  return `"${name}";q=${String(limit.tokens)};w=${String(Math.ceil(limit.periodMs / 1000))}`;
}
