export { backoffMs } from './backoff';
export { addMonths, anchorOf } from './calendar';
export { FixedClock, elapsedMs, isoSeconds, systemClock, type Clock } from './clock';
export {
  baseConfig,
  count,
  databaseOf,
  flag,
  judgeSettings,
  port,
  readConfig,
  secretRing,
  settingsThere,
  type Contradiction,
  type SecretRing,
} from './config';
export { inFairTime, inTime } from './in-time';
export { createLog, redact, silentLog, type Log, type LogFields } from './log';
export { wasNotReached } from './not-reached';
export { isClusterUrl, isRedisUrl, openRedis, type RedisClient, type RedisSettings } from './redis';
export { createShutdown, reportReady, type Shutdown } from './shutdown';
export { serviceLookup } from './service-lookup';
export { databaseSocket } from './database-socket';
