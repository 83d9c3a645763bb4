// When a supplier refuses a command because its data differ from ours, the supplier is right: the object is read again
// before the refusal is answered.
import type { ErrorCode, ErrorDetail } from '../../ground/contract';
import { withAbort, type LookUp } from '../purchase';

/** Refusals that an outdated row of ours can cause. */
const CONTRADICTIONS: ReadonlySet<ErrorCode> = new Set(['expiry_mismatch', 'state_conflict', 'suspended', 'not_found']);
/**
 * Inside a supplier call, whose limit is 10 s (8 s in recovery): a slow read must not turn a known refusal into an
 * unknown outcome.
 */
const READ_LIMIT_MS = 4_000;

export function isContradiction(code: ErrorCode): boolean {
  return CONTRADICTIONS.has(code);
}

/**
 * Passes an outcome on. When it contradicts us, `readAgain` stores the supplier's data and returns the details that the
 * caller needs to try again; it must stop when its signal aborts. When the supplier cannot be read, the refusal is
 * passed on unchanged.
 */
export async function withTruth<O extends LookUp<object>>(
  outcome: O,
  readAgain: (signal: AbortSignal) => Promise<readonly ErrorDetail[]>,
): Promise<O> {
  if (outcome.kind !== 'refused' || !isContradiction(outcome.code)) return outcome;
  const signal = AbortSignal.timeout(READ_LIMIT_MS);
  const details = await withAbort(readAgain(signal), signal).catch(() => []);
  // "Not found" at the supplier is not a 404 of the route: the caller's own object exists.
  const code: ErrorCode = outcome.code === 'not_found' ? 'state_conflict' : outcome.code;
  return { ...outcome, code, ...(details.length === 0 ? {} : { details }) };
}
