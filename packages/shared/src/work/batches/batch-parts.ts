// The parts of a product's service for bulk purchases: endpoints for the HTTP process, jobs and loops for the worker.
import type { Endpoint } from '../../counter/endpoint';
import type { Loop } from '../../house-keeping/process';
import type { JobDefinition } from '../jobs';
import { batchEndpoints } from './batch-endpoints';
import { advanceBatchesJob, sweepLoop } from './batch-work';
import { bulkEndpoint } from './bulk-endpoint';
import type { BulkKind } from './bulk-kind';
import type { BatchEndpointDeps } from './require-batch';

export interface BatchParts {
  /**
   * The bulk endpoints, then those for batches. Their paths are literal, so they come before `/domains/{domain}` and
   * the like.
   */
  readonly endpoints: readonly Endpoint[];
  readonly jobs: readonly JobDefinition[];
  readonly loops: readonly Loop[];
}

export function batchParts(deps: BatchEndpointDeps, list: readonly BulkKind[]): BatchParts {
  const kinds = new Map(list.map((kind) => [kind.id, kind]));
  return {
    endpoints: [...list.map((kind) => bulkEndpoint(deps, kinds, kind)), ...batchEndpoints(deps, kinds)],
    jobs: [advanceBatchesJob(deps, kinds)],
    loops: [sweepLoop(deps)],
  };
}
