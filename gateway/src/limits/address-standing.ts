// What an answer tells of limits when no key was read: how the caller's address stands. Told, not taken: only what is served without a key
// (stage 07) pays for it.
import { MINUTE_MS, rateLimitPolicyValue, rateLimitValue, type MemoryLimitStore } from '@lumi/shared/limits';
import { addressBucket } from './address-bucket';

export interface AddressLimits {
  readonly addressLimits: MemoryLimitStore;
  readonly publicPerMinute: number;
}

export interface Standing {
  readonly rateLimit: string;
  readonly ratePolicy: string;
}

export function addressStanding({ addressLimits, publicPerMinute }: AddressLimits, clientIp: string): Standing {
  const limit = { tokens: publicPerMinute, periodMs: MINUTE_MS };
  return { rateLimit: rateLimitValue('public', addressLimits.peekNow(addressBucket(clientIp), limit)), ratePolicy: rateLimitPolicyValue('public', limit) };
}
