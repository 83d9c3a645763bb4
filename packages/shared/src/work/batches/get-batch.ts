import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { accountOf } from '../../counter/listing';
import type { BatchItemState } from './batch';
import { listItems } from './batch-reads';
import { batchSchema, bulkItemSchema, viewBatch, viewItem } from './batch-view';
import { type BatchEndpointDeps, BATCH_TAG, batchParams, requireBatch } from './require-batch';

const ITEMS_LIMIT = 200;

const ITEM_FILTERS: Readonly<Record<'ok' | 'failed' | 'pending', readonly BatchItemState[]>> = {
  ok: ['ok'],
  failed: ['failed'],
  pending: ['waiting', 'running', 'pending'],
};

export function getBatch(deps: BatchEndpointDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-batch',
      method: 'GET',
      path: '/batches/{batch_id}',
      summary: 'Get a batch',
      tag: BATCH_TAG,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'How far it is, and a result for each item, in their order. Past 200 items, go on with `cursor`.',
      params: batchParams,
      query: z.object({
        limit: pageQuery.shape.limit.describe('Items per page, 1 to 200; 200 if absent.'),
        cursor: pageQuery.shape.cursor,
        status: z.enum(['ok', 'failed', 'pending']).optional().describe('Only items with this result.'),
      }),
      responses: {
        200: {
          description: 'The batch.',
          schema: batchSchema.extend(pageOf(bulkItemSchema).shape).meta({ id: 'BatchWithItems' }),
          exampleWith: { items: [{ ref: 'order-17', status: 'pending' }] },
        },
      },
    }),
    async ({ reach, params, query }) => {
      const batch = await requireBatch(deps, reach, params.batch_id);
      const binding: CursorBinding = {
        account: accountOf(reach),
        route: 'get-batch',
        filter: { batch_id: batch.id, status: query.status },
      };
      const request = readPage(
        { limit: query.limit ?? String(ITEMS_LIMIT), cursor: query.cursor },
        deps.cursors,
        binding,
      );
      const states = query.status === undefined ? undefined : ITEM_FILTERS[query.status];
      const rows = await listItems(
        deps.db.platform,
        batch.id,
        { states },
        { limit: request.limit, afterItem: Number.parseInt(request.after?.[0] ?? '-1', 10) },
      );
      const page = toPage(rows, request, deps.cursors, binding, ({ item }) => [String(item)], viewItem);
      return json(200, { ...viewBatch(batch, deps.clock), ...page });
    },
  );
}
