// Shared by test files; no source file may import it: a database per file, a Redis key space per file, and waiting for
// a condition. The stores are real; a file that leaves a connection open fails.
export { beforeHoldOf } from './before-hold';
export { certificate } from './certificate';
export { createTestDatabase, testDatabase, type TestDatabase } from './test-database';
export { NameServer } from './name-server';
export { runIfDue } from './run-if-due';
export { ShiftedClock } from './shifted-clock';
export { testEvent } from './test-event';
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
