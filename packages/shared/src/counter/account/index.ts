export type { AccountDeps, Environment, Party } from './deps';
export { accountNotesLoop } from './account-notes';
export { ACCOUNT_TAGS, accountEndpoints } from './endpoints';
