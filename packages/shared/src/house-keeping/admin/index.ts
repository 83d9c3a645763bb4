export { administer, type Done } from './administer';
export { auditAll } from './check-ledger';
export { ADMIN_TAG, type AdminDeps } from './deps';
export { stuckEndpoints } from './stuck-endpoints';
export { ADMIN_TAGS, adminEndpoints } from './endpoints';
export { seedDemo, type DemoKeys } from './seed';
export { createAccount } from './user-store';
