// The view of batches for callers: the contract's bulk shape, with further fields for pollers.
import { z } from 'zod';
import type { Clock } from '../../ground/runtime';
import { isoSeconds } from '../../ground/runtime';
import { formatUsd, usdOutput } from '../../ground/money';
import { operationIdOf } from '../purchase';
import type { Batch, BatchItem } from './batch';

export const BATCH_STATES = ['queued', 'running', 'cancelling', 'completed', 'cancelled'] as const;

export const itemErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

export const bulkItemSchema = z
  .object({
    ref: z.string().describe('Your `ref`, or what the item is about.'),
    status: z.enum(['ok', 'failed', 'pending']).describe('`pending`: no result yet.'),
    result: z.unknown().optional().describe('What the single request would have answered.'),
    operation_id: z.string().optional().describe('Of a pending item that was ordered: poll `/operations/{id}`.'),
    error: itemErrorSchema.optional(),
  })
  .meta({ id: 'BulkItem' });

/** The contract's answer of a bulk that was done at once. */
export const bulkResultSchema = z
  .object({
    total: z.number().int(),
    ok: z.number().int(),
    failed: z.number().int(),
    items: z.array(bulkItemSchema),
    batch_id: z
      .string()
      .optional()
      .meta({ example: 'bat_01k000000000000000000000' })
      .describe('Only where items are pending: poll `/batches/{batch_id}` for their results.'),
  })
  .meta({ id: 'BulkResult' });

export const batchAcceptedSchema = z
  .object({
    batch_id: z.string().meta({ example: 'bat_01k000000000000000000000' }),
    status: z.string(),
    total: z.number().int(),
  })
  .meta({ id: 'BatchAccepted' });

export const batchSchema = z
  .object({
    id: z.string().meta({ example: 'bat_01k000000000000000000000' }),
    user_id: z.string(),
    kind: z.string().describe('The bulk operation it came from.'),
    status: z.enum(BATCH_STATES),
    total: z.number().int(),
    ok: z.number().int(),
    failed: z.number().int(),
    pending: z.number().int().describe('Items without a result yet.'),
    on_error: z.enum(['continue', 'stop']),
    max_total_usd: usdOutput.nullable(),
    created_at: z.string(),
    started_at: z.string().nullable(),
    finished_at: z.string().nullable(),
    estimated_finish_at: z.string().nullable().describe('From the pace so far; null before there is one.'),
  })
  .meta({ id: 'Batch' });

export function viewBatch(batch: Batch, clock: Clock): z.output<typeof batchSchema> {
  return {
    id: batch.id,
    user_id: batch.accountId,
    kind: batch.kind,
    status: batch.state,
    total: batch.total,
    ok: batch.ok,
    failed: batch.failed,
    pending: batch.total - batch.ok - batch.failed,
    on_error: batch.onError,
    max_total_usd: batch.maxTotal === null ? null : formatUsd(batch.maxTotal),
    created_at: isoSeconds(batch.createdAt),
    started_at: batch.startedAt === null ? null : isoSeconds(batch.startedAt),
    finished_at: batch.finishedAt === null ? null : isoSeconds(batch.finishedAt),
    estimated_finish_at: estimatedEnd(batch, clock),
  };
}

function estimatedEnd(batch: Batch, clock: Clock): string | null {
  const settled = batch.ok + batch.failed;
  if (batch.finishedAt !== null || batch.startedAt === null || settled === 0) return null;
  const nowMs = clock.nowMs();
  const elapsedMs = Math.max(1, nowMs - batch.startedAt.getTime());
  return isoSeconds(new Date(nowMs + Math.ceil((elapsedMs / settled) * (batch.total - settled))));
}

export function viewItem(item: BatchItem): z.output<typeof bulkItemSchema> {
  switch (item.state) {
    case 'ok':
      return { ref: item.ref, status: 'ok', result: JSON.parse(item.result ?? 'null') as unknown };
    case 'failed':
      return {
        ref: item.ref,
        status: 'failed',
        error: {
          code: item.error?.code ?? 'internal_error',
          message: item.error?.text ?? '',
          ...(item.error === null || item.error.details === null ? {} : { details: [...item.error.details] }),
        },
      };
    default:
      return {
        ref: item.ref,
        status: 'pending',
        ...(item.orderId === null ? {} : { operation_id: operationIdOf(item.orderId) }),
      };
  }
}

/** The answer of an inline bulk, from its rows alone, so that every process that finishes it writes the same bytes. */
export function bulkResult(batchId: string, items: readonly BatchItem[]): z.output<typeof bulkResultSchema> {
  const [ok, failed] = [
    items.filter(({ state }) => state === 'ok').length,
    items.filter(({ state }) => state === 'failed').length,
  ];
  return {
    total: items.length,
    ok,
    failed,
    items: items.map(viewItem),
    ...(ok + failed === items.length ? {} : { batch_id: batchId }),
  };
}

export function acceptedBody(batchId: string, total: number): { batch_id: string; status: string; total: number } {
  return { batch_id: batchId, status: 'queued', total };
}
