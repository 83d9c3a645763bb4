export { auditAll } from './check-ledger';
export type { AdminDeps } from './deps';
export { stuckEndpoints } from './stuck-endpoints';
export { ADMIN_TAGS, adminEndpoints } from './endpoints';
export { seedDemo, type DemoKeys } from './seed';
export { createAccount } from './user-store';
