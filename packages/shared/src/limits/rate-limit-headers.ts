// `RateLimit` and `RateLimit-Policy` in the form of the IETF draft (named policies, structured fields). Gateway and services use
// it alike: an answer to a money request carries both policies, joined by a comma.
import type { Limit, LimitResult } from './limit-store';

export function rateLimitValue(name: string, result: LimitResult): string {
  return `"${name}";r=${String(result.remaining)};t=${String(result.resetS)}`;
}

export function rateLimitPolicyValue(name: string, limit: Limit): string {
  return `"${name}";q=${String(limit.tokens)};w=${String(Math.ceil(limit.periodMs / 1000))}`;
}
