// Free changes of many objects at once: the contract's bulk shape with one result each, made while the caller waits.
import { z } from 'zod';
import { itemError } from '../../base/http';
import { itemErrorSchema } from './batch-view';

export interface ChangedItem<R> {
  readonly ref: string;
  readonly status: 'ok' | 'failed';
  readonly result?: R;
  readonly error?: { code: string; message: string; details?: { path: string; message: string }[] };
}

/** The answer, for the declaration of the route. `result` is the answer of the single request. */
export function changedSchema<R extends z.ZodType>(result: R) {
  const item = z.object({
    ref: z.string(),
    status: z.enum(['ok', 'failed']),
    result: result.optional(),
    error: itemErrorSchema.optional(),
  });
  return z.object({ total: z.int(), ok: z.int(), failed: z.int(), items: z.array(item) });
}

/** An error of one item belongs to that item only; the others are done. */
export async function changeItem<R>(ref: string, work: () => R | Promise<R>): Promise<ChangedItem<R>> {
  try {
    return { ref, status: 'ok', result: await work() };
  } catch (err) {
    const { details, ...error } = itemError(err);
    return { ref, status: 'failed', error: { ...error, ...(details === undefined ? {} : { details: [...details] }) } };
  }
}

export function changedAnswer<R>(items: readonly ChangedItem<R>[]) {
  const ok = items.filter(({ status }) => status === 'ok').length;
  return { total: items.length, ok, failed: items.length - ok, items: [...items] };
}
