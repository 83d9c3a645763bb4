export { auditAll } from './check-ledger';
export type { AdminDeps } from './deps';
export { ADMIN_TAGS, adminEndpoints } from './endpoints';
export { createAccount } from './user-store';
