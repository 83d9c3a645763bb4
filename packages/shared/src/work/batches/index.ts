export { BATCH_RULES } from './batch-audit';
export { BATCH_TAGS } from './batch-endpoints';
export { batchParts, type BatchParts } from './batch-parts';
export { changeItem, changedAnswer, changedSchema, type ChangedItem } from './change-many';
export type { BatchEndpointDeps } from './require-batch';
export { bulkKind, type BulkIdentity, type BulkKind } from './bulk-kind';
