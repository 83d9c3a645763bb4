import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { accountOf } from '../../counter/listing';
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
      const binding: CursorBinding = {
        account: accountOf(reach),
        route: 'list-batches',
        filter: { status: query.status, kind: query.kind },
      };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listBatches(
        deps.db.platform,
        reach,
        deps.product,
        { state: query.status, kind: query.kind },
        { limit: request.limit, beforeSeq: request.after?.[0] ?? null },
      );
      return json(
        200,
        toPage(
          rows,
          request,
          deps.cursors,
          binding,
          ({ seq }) => [seq.toString()],
          (batch) => viewBatch(batch, deps.clock),
        ),
      );
    },
  );
}
