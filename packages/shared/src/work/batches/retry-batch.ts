import { z } from 'zod';
import { AppError, ERROR_CODES, BASE_PATHS, defineRoute, notFound, type ErrorCode } from '../../ground/contract';
import { inTransaction, type Tx } from '../../base/db';
import { endpoint, type Endpoint } from '../../counter/endpoint';
import { accountOf } from '../../counter/listing';
import { claimInTransaction, finishClaim, type Claim } from '../../base/idempotency';
import { requireScope, type Principal } from '../../base/principal';
import { purchaseReply, storedAnswer, type PurchaseAnswer } from '../purchase';
import { retryBatch, retryable, type RetryOutcome } from './batch-store';
import { batchAcceptedSchema } from './batch-view';
import { type BatchEndpointDeps, BATCH_TAG, batchParams } from './require-batch';

const errorCodes = z
  .array(
    z
      .string()
      .refine((code): code is ErrorCode => Object.hasOwn(ERROR_CODES, code), 'is not an error code of this API'),
  )
  .min(1)
  .max(50);

export function retryBatchEndpoint(deps: BatchEndpointDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'retry-batch',
      method: 'POST',
      path: '/batches/{batch_id}/retry',
      summary: 'Retry failed items',
      tag: BATCH_TAG,
      scope: 'buy',
      class: 'money',
      reach: 'account',
      description:
        'Tries the failed items of a finished batch again, all or those with the given codes. Items that were ' +
        'bought, and repeats of other items, are left alone. Prices are those of now, within what the items ' +
        'agreed to. Costs one money token for each item tried again.',
      params: batchParams,
      body: z.object({
        error_codes: errorCodes.optional().describe('Only items that failed with one of these codes.'),
      }),
      bodyExample: { error_codes: ['not_available', 'out_of_stock', 'supplier_error'] },
      responses: {
        202: {
          description: 'The batch runs again.',
          schema: batchAcceptedSchema.extend({ retried: z.number().int() }).meta({ id: 'BatchRetried' }),
        },
      },
      errors: ['state_conflict'],
    }),
    async ({ accountId, params, body, claim, principal }) => {
      if (claim === null) throw new Error('a money route without dry run always has a claim');
      // Another key than the first may send this. An item with auto_renew commits future money under the key that sends
      // it.
      if (
        (
          await retryable(deps.db.platform, {
            product: deps.product,
            accountId,
            batchId: params.batch_id,
            codes: body.error_codes ?? null,
          })
        ).renews
      )
        requireScope(principal, 'write');
      return purchaseReply(
        await inTransaction(deps.db, (tx) =>
          retry(tx, { deps, claim, principal, accountId, batchId: params.batch_id, codes: body.error_codes ?? null }),
        ),
      );
    },
    // Costs as much as a bulk of this many items.
    async ({ reach, params, body }) =>
      (
        await retryable(deps.db.platform, {
          product: deps.product,
          accountId: accountOf(reach),
          batchId: params.batch_id,
          codes: body.error_codes ?? null,
        })
      ).count,
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

/** Claim, items and stored answer commit together. A refusal rolls all back. */
async function retry(tx: Tx, { deps, claim, principal, accountId, batchId, codes }: Retry): Promise<PurchaseAnswer> {
  const twin = await claimInTransaction(tx, claim, batchId);
  if (twin !== null) return storedAnswer(twin);
  const result = await retryBatch(tx, {
    product: deps.product,
    accountId,
    batchId,
    codes,
    principal,
    defaultCap: deps.purchases.defaultCap,
  });
  if (result.outcome !== 'retried') throw refusalOf(result.outcome);
  const body = Buffer.from(
    JSON.stringify({ batch_id: batchId, status: 'queued', total: result.total, retried: result.retried }),
    'utf8',
  );
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
