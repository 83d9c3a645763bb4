import { withAbort } from '../purchase';

/** A bounded question to a supplier: no answer in time, or an error, means unknown. */
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
