// Which requests are sent again, and when.
import type { Answered, Lost } from './transport';

const FIRST_MS = 500;
const LAST_MS = 8_000;
/** A server that asks for a longer wait gets no repeat: the caller decides. */
const RETRY_AFTER_MAX_S = 60;
const TRANSIENT = new Set([408, 429, 502, 503, 504]);
/** The server refused before it did anything. */
const NOT_EXECUTED = new Set([429, 503]);

export interface Repeatability {
  /** Sent twice, it is carried out once: by its method, or by its Idempotency-Key. */
  readonly isRepeatable: boolean;
}

export function isWorthRepeating(
  outcome: Answered | Lost,
  code: string | null,
  { isRepeatable }: Repeatability,
): boolean {
  if (outcome.kind === 'lost') return isRepeatable || !outcome.mayHaveBeenExecuted;
  // The stored answer of an earlier try is final.
  if (outcome.headers.get('idempotent-replayed') === 'true') return false;
  if (outcome.status === 409) return isRepeatable && code === 'in_progress';
  return TRANSIENT.has(outcome.status) && (isRepeatable || NOT_EXECUTED.has(outcome.status));
}

/**
 * Milliseconds until the next try: a random part of a time that doubles from 0.5 s to 8 s, or as long as the server
 * says. Null when the server asks for more than a minute.
 *
 * @param attempt 0 before the first repeat
 * @param random in [0, 1)
 */
export function delayMs(attempt: number, retryAfterS: number | null, random: number): number | null {
  if (retryAfterS !== null) return retryAfterS <= RETRY_AFTER_MAX_S ? retryAfterS * 1_000 : null;
  return random * Math.min(LAST_MS, FIRST_MS * 2 ** attempt);
}

/** The seconds of a Retry-After, which is a number or a date (RFC 9110 §10.2.3). */
export function retryAfterOf(headers: Headers, nowMs: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number.parseInt(text, 10);
  const at = text === '' ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - nowMs) / 1_000));
}
