export { countDecisions, noteStoreFailure } from './decisions';
export { FallbackLimitStore } from './fallback-store';
export {
  ITEMS_PER_TOKEN,
  MINUTE_MS,
  MONEY_PER_MINUTE,
  REGULAR_PER_MINUTE,
  type Limit,
  type LimitResult,
  type LimitStore,
} from './limit-store';
export { MemoryLimitStore, type MemoryStoreOptions } from './memory-store';
export { rateLimitPolicyValue, rateLimitValue } from './rate-limit-headers';
export { RedisLimitStore, connectLimitRedis, untilUsable, type LimitRedisOptions } from './redis-store';
