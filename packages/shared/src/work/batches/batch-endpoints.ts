// The routes for batches, equal on every product base: list, read, cancel, retry failed items.
import type { Endpoint } from '../../counter/endpoint';
import type { BulkKinds } from './advance';
import { BATCH_TAG, type BatchEndpointDeps } from './require-batch';
import { listBatchesEndpoint } from './list-batches';
import { getBatch } from './get-batch';
import { cancelBatchEndpoint } from './cancel-batch';
import { retryBatchEndpoint } from './retry-batch';

export const BATCH_TAGS = [{ name: BATCH_TAG, description: 'Bulk purchases that run in the background.' }] as const;

export function batchEndpoints(deps: BatchEndpointDeps, kinds: BulkKinds): Endpoint[] {
  return [listBatchesEndpoint(deps), getBatch(deps), cancelBatchEndpoint(deps, kinds), retryBatchEndpoint(deps)];
}
