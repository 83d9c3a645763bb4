// `RateLimit` and `RateLimit-Policy` in the form of the IETF draft (named policies, structured fields). Gateway and
// services use it alike: an answer to a money request carries both policies, joined by a comma. `t` is when all is
// back; in a refusal, when a retry passes: the same as `Retry-After`.
import type { Limit, LimitResult } from './limit-store';

export function rateLimitValue(name: string, result: LimitResult): string {
  return `"${name}";r=${String(result.remaining)};t=${String(result.allowed ? result.resetS : result.retryAfterS)}`;
}

export function rateLimitPolicyValue(name: string, limit: Limit): string {
  return `"${name}";q=${String(limit.tokens)};w=${String(Math.ceil(limit.periodMs / 1000))}`;
}
