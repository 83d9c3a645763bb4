// A supplier that refuses a command because it has the thing otherwise than we do is right: the thing is read again
// before the refusal is told.
import type { ErrorCode, ErrorDetail } from '../../ground/contract';
import { withAbort, type LookUp } from '../purchase';

/** Refusals that can come from a row of ours that is out of date. */
const CONTRADICTIONS: ReadonlySet<ErrorCode> = new Set(['expiry_mismatch', 'state_conflict', 'suspended', 'not_found']);
/**
 * Inside a supplier call, whose limit is 10 s (8 s in recovery): a reading that takes longer must not make a known
 * refusal an unknown one.
 */
const READ_LIMIT_MS = 4_000;

export function isContradiction(code: ErrorCode): boolean {
  return CONTRADICTIONS.has(code);
}

/**
 * Passes an outcome on. Where it contradicts us, `readAgain` writes what is true and gives the details that the caller
 * needs to try again; it is to stop when its signal aborts. A refusal is told as it is where the supplier cannot be
 * read.
 */
export async function withTruth<O extends LookUp<object>>(
  outcome: O,
  readAgain: (signal: AbortSignal) => Promise<readonly ErrorDetail[]>,
): Promise<O> {
  if (outcome.kind !== 'refused' || !isContradiction(outcome.code)) return outcome;
  const signal = AbortSignal.timeout(READ_LIMIT_MS);
  const details = await withAbort(readAgain(signal), signal).catch(() => []);
  // That the supplier knows no such thing is no news of the route: the caller's own thing is there.
  const code: ErrorCode = outcome.code === 'not_found' ? 'state_conflict' : outcome.code;
  return { ...outcome, code, ...(details.length === 0 ? {} : { details }) };
}
