export { checkHistory, diffMigration, migrate, type DiffMigrationOptions, type MigrateOptions } from './migrate';
export { migrationNames } from './history';
export { migrateQueue, queueNameOf, QUEUE_SCHEMA } from './migrate-queue';
export { prepareDatabase } from './prepare';
export { ensureRoles, roleUrl, ROLES, type EnsureRolesOptions, type Role } from './roles';
export {
  databaseCode,
  emptySql,
  inTransaction,
  joinSql,
  openDatabase,
  queryableOf,
  clientOptions,
  rawSql,
  sql,
  type Database,
  type DatabaseOptions,
  type PlatformClient,
  type Sql,
  type SqlRunner,
  type Tx,
} from './database';
export type { BreachModel, DepositModel, OperationModel, OrderModel } from './generated/platform/models';
export { given, seqAfter, seqBefore } from './given';
export { fromStep, rider, usingStep, type AnyStepDone, type Rider, type RiderOf } from './rider';
export {
  perRunner,
  SharedStatement,
  withPatience,
  type SharedStatementOptions,
  type Patience,
} from './shared-statement';
