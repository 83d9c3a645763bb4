export { BATCH_RULES } from './batch-audit';
export { BATCH_TAGS, type BatchEndpointDeps } from './batch-endpoints';
export { batchParts, type BatchParts } from './batch-parts';
export { bulkKind, type BulkIdentity, type BulkKind, type BulkPart } from './bulk-kind';
