import { AppError, defineRoute, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { accountOf } from '../../counter/listing';
import { advanceBatch, type BulkKinds } from './advance';
import { cancelBatch } from './batch-store';
import { batchSchema, viewBatch } from './batch-view';
import { type BatchEndpointDeps, BATCH_TAG, batchParams, requireBatch } from './require-batch';

export function cancelBatchEndpoint(deps: BatchEndpointDeps, kinds: BulkKinds): Endpoint {
  return endpoint(
    defineRoute({
      // Keys that may spend may also stop spending, as may keys that manage the account's objects. It moves no money.
      id: 'cancel-batch',
      method: 'POST',
      path: '/batches/{batch_id}/cancel',
      summary: 'Cancel a batch',
      tag: BATCH_TAG,
      scope: ['buy', 'write'],
      class: 'regular',
      reach: 'account',
      description:
        'Items that were not started fail with `state_conflict`; those under way end as they end. Asking again ' +
        'does no harm; a batch that is over is `409 state_conflict`.',
      params: batchParams,
      responses: {
        200: {
          description: 'The batch: `cancelling` while items are under way, then `cancelled`.',
          schema: batchSchema,
        },
      },
      errors: ['state_conflict'],
    }),
    async ({ reach, params }) => {
      const { platform } = deps.db;
      const outcome = await cancelBatch(platform, deps.product, accountOf(reach), params.batch_id);
      if (outcome === 'not_found') throw notFound();
      if (outcome === 'finished') throw new AppError('state_conflict', 'The batch is over.');
      // Ends it at once when no item is under way.
      await advanceBatch(deps, kinds, params.batch_id, AbortSignal.abort());
      return json(200, viewBatch(await requireBatch(deps, reach, params.batch_id), deps.clock));
    },
  );
}
