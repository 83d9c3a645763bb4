// The view of a replacement for callers.
import { z } from 'zod';
import { isoSeconds } from '@lumi/shared/runtime';
import type { ReplacementRow } from '../store/replacements';

const pair = z.object({
  old_proxy_id: z.string(),
  old_exit_ip: z.string(),
  new_proxy_id: z.string().nullable(),
  new_exit_ip: z.string().nullable(),
  was_free: z.boolean().optional(),
  quota_left: z.int().optional(),
});

export const replacementSchema = z
  .object({
    id: z.string().meta({ example: 'rep_01k000000000000000000000' }),
    order_id: z.string(),
    state: z.enum(['processing', 'completed', 'failed']),
    reason: z.string().nullable(),
    removed: z.array(z.string()),
    added: z.array(z.string()),
    pairs: z.array(pair).describe('Old and new, in the order of `removed`.'),
    free: z.int(),
    paid: z.int(),
    created_at: z.string(),
    done_at: z.string().nullable(),
  })
  .meta({ id: 'Replacement' });

export function viewReplacement(row: ReplacementRow): z.output<typeof replacementSchema> {
  return {
    id: row.id,
    order_id: row.order_id,
    state: row.state,
    reason: row.reason,
    removed: [...row.removed],
    added: [...row.added],
    pairs: row.pairs.map((one) => ({ ...one })),
    free: row.free,
    paid: row.paid,
    created_at: isoSeconds(row.created_at),
    done_at: row.done_at === null ? null : isoSeconds(row.done_at),
  };
}
