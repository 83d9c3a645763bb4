// Shared by the endpoints of batches: their dependencies, and finding a batch.
import { z } from 'zod';
import { Cursors, isId, notFound } from '../../ground/contract';
import type { Reach } from '../../counter/endpoint';
import type { BatchDeps } from './advance';
import type { Batch } from './batch';
import { findBatch } from './batch-reads';

export interface BatchEndpointDeps extends BatchDeps {
  readonly cursors: Cursors;
}

export const BATCH_TAG = 'Batches';

export const batchParams = z.object({
  batch_id: z
    .string()
    .refine((id) => isId(id, 'bat'))
    .describe('The id of the batch.'),
});

export async function requireBatch(deps: BatchEndpointDeps, reach: Reach, batchId: string): Promise<Batch> {
  const batch = await findBatch(deps.db.platform, reach, deps.product, batchId);
  if (batch === null) throw notFound();
  return batch;
}
