// `Retry-After` of an endpoint's answer (RFC 9110 §10.2.3): seconds, or a date.
const SAYS_WHEN = new Set([429, 502, 503, 504]);
const MAX_S = 86_400;

/** Null: the answer does not say when, or is not one that may. */
export function retryAfterS(status: number, header: string | null, nowMs: number): number | null {
  if (header === null || !SAYS_WHEN.has(status)) return null;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - nowMs) / 1_000);
  return Number.isNaN(seconds) || seconds <= 0 ? null : Math.min(seconds, MAX_S);
}
