import { withAbort } from '../purchase';

/** The limit of one reading: a sync answers its caller, and may read three times. */
const CALL_LIMIT_MS = 3_000;

/** A bounded question to a supplier: no answer in time, or an error, means unknown. */
export async function orUnknown<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  limitMs: number = CALL_LIMIT_MS,
): Promise<T | { readonly kind: 'unknown'; readonly cause: unknown }> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    return await withAbort(ask(signal), signal);
  } catch (cause) {
    return { kind: 'unknown', cause };
  }
}
