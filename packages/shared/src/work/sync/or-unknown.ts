import { withAbort } from '../purchase';

/** A question to a supplier, bounded: no answer in time, or an error, is not knowing. */
export async function orUnknown<T>(
  limitMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T | { readonly kind: 'unknown'; readonly cause: unknown }> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    return await withAbort(ask(signal), signal);
  } catch (cause) {
    return { kind: 'unknown', cause };
  }
}
