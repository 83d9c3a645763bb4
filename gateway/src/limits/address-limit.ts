// The rate-limit headers of an answer without a known key: those of the caller's address. A refusal before the key is
// known costs a token of the address, like an answer of a public route (stage 07).
import { addressBucket } from '@lumi/shared/addresses';
import {
  MINUTE_MS,
  countDecisions,
  rateLimitPolicyValue,
  rateLimitValue,
  type Limit,
  type LimitResult,
  type MemoryLimitStore,
} from '@lumi/shared/limits';

const decisions = countDecisions('public');

export interface AddressLimits {
  readonly addressLimits: MemoryLimitStore;
  readonly publicPerMinute: number;
}

export interface LimitHeaders {
  readonly rateLimit: string;
  readonly ratePolicy: string;
}

export function addressLimitHeaders(limits: AddressLimits, clientIp: string): LimitHeaders {
  return headersFor(limits, limits.addressLimits.peekNow(addressBucket(clientIp), limitOf(limits)));
}

/** Takes one token for a refusal. */
export function payByAddress(
  limits: AddressLimits,
  clientIp: string,
): LimitHeaders & Pick<LimitResult, 'allowed' | 'retryAfterS'> {
  const taken = decisions.decided(limits.addressLimits.takeNow(addressBucket(clientIp), 1, limitOf(limits)));
  return { ...headersFor(limits, taken), allowed: taken.allowed, retryAfterS: taken.retryAfterS };
}

/** Checked before work that costs more than a refusal. */
export function hasPaidUp(limits: AddressLimits, clientIp: string): boolean {
  return limits.addressLimits.peekNow(addressBucket(clientIp), limitOf(limits)).remaining > 0;
}

function limitOf({ publicPerMinute }: AddressLimits): Limit {
  return { tokens: publicPerMinute, periodMs: MINUTE_MS };
}

function headersFor(limits: AddressLimits, state: LimitResult): LimitHeaders {
  return { rateLimit: rateLimitValue('public', state), ratePolicy: rateLimitPolicyValue('public', limitOf(limits)) };
}
