export type { AccountDeps, Environment, Party } from './deps';
export { ACCOUNT_TAGS, accountEndpoints } from './endpoints';
