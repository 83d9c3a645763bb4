export type { AccountDeps, Environment, Party } from './deps';
export { accountNotesLoop } from './account-notes';
export { eventBodies } from './event-bodies';
export { viewEvent } from './event-view';
export { ACCOUNT_TAGS, accountEndpoints } from './endpoints';
