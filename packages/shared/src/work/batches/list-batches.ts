import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { bySeq, pageOfRows } from '../../counter/listing';
import { listBatches } from './batch-reads';
import { BATCH_STATES, batchSchema, viewBatch } from './batch-view';
import { type BatchEndpointDeps, BATCH_TAG } from './require-batch';

export function listBatchesEndpoint(deps: BatchEndpointDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-batches',
      method: 'GET',
      path: '/batches',
      summary: 'List batches',
      tag: BATCH_TAG,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'Bulk purchases of the account at this product, newest first, without their items.',
      query: pageQuery.extend({
        status: z.enum(BATCH_STATES).optional().describe('Only batches in this state.'),
        kind: z.string().max(64).optional().describe('Only batches of this bulk operation.'),
      }),
      responses: { 200: { description: 'A page of batches.', schema: pageOf(batchSchema) } },
    }),
    async ({ reach, query }) => {
      const { status: state, kind } = query;
      const page = await pageOfRows({
        route: 'list-batches',
        reach,
        query,
        cursors: deps.cursors,
        read: (at) => listBatches(deps.db.platform, reach, deps.product, { state, kind }, at),
        position: bySeq,
        view: (batch) => viewBatch(batch, deps.clock),
      });
      return json(200, page);
    },
  );
}
