export { changesBetween, type Changes } from './changes';
export { orUnknown } from './or-unknown';
export { syncListEndpoint } from './sync-list-endpoint';
export { syncRoute } from './sync-route';
export { syncEvents, syncOnce, type SyncEnd, type Synced } from './sync-once';
export { syncOfAll, type SyncOfAll, type SyncSource } from './sync-all';
export { type Turn } from './turn';
export { isContradiction, withTruth } from './with-truth';
