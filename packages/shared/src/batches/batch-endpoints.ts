// The routes for batches, the same on every product base: list, look, cancel, try the failed items again.
import { z } from 'zod';
import { AppError, Cursors, ERROR_CODES, BASE_PATHS, defineRoute, isId, notFound, pageOf, pageQuery, readPage, toPage, type CursorBinding, type ErrorCode } from '../contract';
import { inTransaction, type Tx } from '../db';
import { endpoint, json, type Endpoint, type Reach } from '../endpoint';
import { claimInTransaction, finishClaim, type Claim } from '../idempotency';
import { requireScope, type Principal } from '../principal';
import { purchaseReply, storedAnswer, type PurchaseAnswer } from '../purchase';
import { advanceBatch, type BatchDeps, type BulkKinds } from './advance';
import type { Batch, BatchItemState } from './batch';
import { cancelBatch, findBatch, listBatches, listItems, retryBatch, retryable, type RetryOutcome } from './batch-store';
import { BATCH_STATES, batchAcceptedSchema, batchSchema, bulkItemSchema, viewBatch, viewItem } from './batch-view';

export interface BatchEndpointDeps extends BatchDeps {
  readonly cursors: Cursors;
}

const TAG = 'Batches';
export const BATCH_TAGS = [{ name: TAG, description: 'Bulk purchases that run in the background.' }] as const;

const ITEMS_LIMIT = 200;
const batchParams = z.object({ batch_id: z.string().refine((id) => isId(id, 'bat')).describe('The id of the batch.') });
const ITEM_FILTERS: Readonly<Record<'ok' | 'failed' | 'pending', readonly BatchItemState[]>> = { ok: ['ok'], failed: ['failed'], pending: ['waiting', 'running', 'pending'] };

export function batchEndpoints(deps: BatchEndpointDeps, kinds: BulkKinds): Endpoint[] {
  return [listBatchesEndpoint(deps), getBatch(deps), cancelBatchEndpoint(deps, kinds), retryBatchEndpoint(deps)];
}

function listBatchesEndpoint(deps: BatchEndpointDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-batches', method: 'GET', path: '/batches', summary: 'List batches', tag: TAG, scope: 'read', class: 'regular', reach: 'account',
      description: 'Bulk purchases of the account at this product, newest first, without their items.',
      query: pageQuery.extend({ status: z.enum(BATCH_STATES).optional().describe('Only batches in this state.'), kind: z.string().max(64).optional().describe('Only batches of this bulk operation.') }),
      responses: { 200: { description: 'A page of batches.', schema: pageOf(batchSchema) } },
    }),
    async ({ reach, query }) => {
      const binding: CursorBinding = { account: accountOf(reach), route: 'list-batches', filter: { status: query.status, kind: query.kind } };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listBatches(deps.db.platform, reach, deps.product, { state: query.status, kind: query.kind }, { limit: request.limit, beforeSeq: request.after?.[0] ?? null });
      return json(200, toPage(rows, request, deps.cursors, binding, ({ seq }) => [seq.toString()], (batch) => viewBatch(batch, deps.clock)));
    },
  );
}

function getBatch(deps: BatchEndpointDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-batch', method: 'GET', path: '/batches/{batch_id}', summary: 'Get a batch', tag: TAG, scope: 'read', class: 'regular', reach: 'account',
      description: 'How far it is, and a result for each item, in their order. Past 200 items, go on with `cursor`.',
      params: batchParams,
      query: z.object({
        limit: pageQuery.shape.limit.describe('Items per page, 1 to 200; 200 if absent.'),
        cursor: pageQuery.shape.cursor,
        status: z.enum(['ok', 'failed', 'pending']).optional().describe('Only items with this result.'),
      }),
      responses: {
        200: { description: 'The batch.', schema: batchSchema.extend(pageOf(bulkItemSchema).shape).meta({ id: 'BatchWithItems' }), exampleWith: { items: [{ ref: 'order-17', status: 'pending' }] } },
      },
    }),
    async ({ reach, params, query }) => {
      const batch = await findOrRefuse(deps, reach, params.batch_id);
      const binding: CursorBinding = { account: accountOf(reach), route: 'get-batch', filter: { batch_id: batch.id, status: query.status } };
      const request = readPage({ limit: query.limit ?? String(ITEMS_LIMIT), cursor: query.cursor }, deps.cursors, binding);
      const states = query.status === undefined ? undefined : ITEM_FILTERS[query.status];
      const rows = await listItems(deps.db.platform, batch.id, { states }, { limit: request.limit, afterItem: Number.parseInt(request.after?.[0] ?? '-1', 10) });
      const page = toPage(rows, request, deps.cursors, binding, ({ item }) => [String(item)], viewItem);
      return json(200, { ...viewBatch(batch, deps.clock), ...page });
    },
  );
}

function cancelBatchEndpoint(deps: BatchEndpointDeps, kinds: BulkKinds): Endpoint {
  return endpoint(
    defineRoute({
      // Whoever may spend may stop spending, and so may whoever manages the account's objects. It moves no money.
      id: 'cancel-batch', method: 'POST', path: '/batches/{batch_id}/cancel', summary: 'Cancel a batch', tag: TAG, scope: ['buy', 'write'], class: 'regular', reach: 'account',
      description: 'Items that were not started fail with `state_conflict`; those under way end as they end. Asking again does no harm; a batch that is over is `409 state_conflict`.',
      params: batchParams,
      responses: { 200: { description: 'The batch: `cancelling` while items are under way, then `cancelled`.', schema: batchSchema } },
      errors: ['state_conflict'],
    }),
    async ({ reach, params }) => {
      const { platform } = deps.db;
      const outcome = await cancelBatch(platform, deps.product, accountOf(reach), params.batch_id);
      if (outcome === 'not_found') throw notFound();
      if (outcome === 'finished') throw new AppError('state_conflict', 'The batch is over.');
      await advanceBatch(deps, kinds, params.batch_id, AbortSignal.abort()); // ends it at once where nothing is under way
      return json(200, viewBatch(await findOrRefuse(deps, reach, params.batch_id), deps.clock));
    },
  );
}

const errorCodes = z.array(z.string().refine((code): code is ErrorCode => Object.hasOwn(ERROR_CODES, code), 'is not an error code of this API')).min(1).max(50);

function retryBatchEndpoint(deps: BatchEndpointDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'retry-batch', method: 'POST', path: '/batches/{batch_id}/retry', summary: 'Retry failed items', tag: TAG, scope: 'buy', class: 'money', reach: 'account',
      description: 'Tries the failed items of a finished batch again, all or those with the given codes. Items that were bought, and repeats of other items, are left alone. Prices are those of now, within what the items agreed to. Costs one money token for each item tried again.',
      params: batchParams,
      body: z.object({ error_codes: errorCodes.optional().describe('Only items that failed with one of these codes.') }),
      bodyExample: { error_codes: ['not_available', 'out_of_stock', 'supplier_error'] },
      responses: { 202: { description: 'The batch runs again.', schema: batchAcceptedSchema.extend({ retried: z.number().int() }).meta({ id: 'BatchRetried' }) } },
      errors: ['state_conflict'],
    }),
    async ({ accountId, params, body, claim, principal }) => {
      if (claim === null) throw new Error('a money route without dry run always has a claim');
      // Another key than the first may ask, and an item that renews itself commits money of the future under whoever asks.
      if ((await retryable(deps.db.platform, { product: deps.product, accountId, batchId: params.batch_id, codes: body.error_codes ?? null })).renews) requireScope(principal, 'write');
      return purchaseReply(await inTransaction(deps.db, (tx) => retry(tx, { deps, claim, principal, accountId, batchId: params.batch_id, codes: body.error_codes ?? null })));
    },
    // As a bulk of as many items.
    async ({ reach, params, body }) => (await retryable(deps.db.platform, { product: deps.product, accountId: accountOf(reach), batchId: params.batch_id, codes: body.error_codes ?? null })).count,
  );
}

interface Retry {
  readonly deps: BatchEndpointDeps;
  readonly claim: Claim;
  readonly principal: Principal;
  readonly accountId: string;
  readonly batchId: string;
  readonly codes: readonly string[] | null;
}

/** Claim, items and stored answer commit together; a refusal rolls all of it back. */
async function retry(tx: Tx, { deps, claim, principal, accountId, batchId, codes }: Retry): Promise<PurchaseAnswer> {
  const twin = await claimInTransaction(tx, claim, batchId);
  if (twin !== null) return storedAnswer(twin);
  const result = await retryBatch(tx, { product: deps.product, accountId, batchId, codes, principal, defaultCap: deps.purchases.defaultCap });
  if (result.outcome !== 'retried') throw refusalOf(result.outcome);
  const body = Buffer.from(JSON.stringify({ batch_id: batchId, status: 'queued', total: result.total, retried: result.retried }), 'utf8');
  const location = `${BASE_PATHS[deps.product]}/batches/${batchId}`;
  await finishClaim(tx, claim, { status: 202, body, location });
  return { status: 202, bytes: body, location, replayOf: null, order: null, error: null };
}

function refusalOf(outcome: Exclude<RetryOutcome['outcome'], 'retried'>): AppError {
  switch (outcome) {
    case 'not_found':
    case 'no_account':
      return notFound();
    case 'open':
      return new AppError('state_conflict', 'The batch is still running.');
    case 'nothing':
      return new AppError('state_conflict', 'No failed item of the batch can be tried again.');
    case 'invalid_key':
      return new AppError('invalid_key');
    case 'cap':
      return new AppError('daily_cap_exceeded');
    case 'balance':
      return new AppError('insufficient_balance');
  }
}

async function findOrRefuse(deps: BatchEndpointDeps, reach: Reach, batchId: string): Promise<Batch> {
  const batch = await findBatch(deps.db.platform, reach, deps.product, batchId);
  if (batch === null) throw notFound();
  return batch;
}

function accountOf(reach: Reach): string | null {
  return reach.kind === 'account' ? reach.accountId : null;
}
