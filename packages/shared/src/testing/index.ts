// What test files share, and no source file may import: a database of their own, a Redis key space of their own, and
// waiting for a condition. Real stores; a file that leaves a connection open fails.
export { createTestDatabase, testDatabase, type TestDatabase } from './test-database';
export { ShiftedClock } from './shifted-clock';
export { GADGET_PRICE, gadget, shopEndpoints } from './test-shop';
export {
  testService,
  type AccountOptions,
  type KeyOptions,
  type TestAccount,
  type TestKey,
  type TestService,
  type TestServiceOptions,
} from './test-service';
export { testRedisCluster } from './redis-cluster';
export { testRedis, type TestRedis } from './test-redis';
export { until, type UntilOptions } from './until';
