// When to ask the provider about a deposit again. Webhooks make it fast; this makes it certain: a lost webhook costs
// seconds while a payer is waiting, and a payment that arrives late is still found.
import type { Deposit } from './deposit-row';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Looks this much later than the end, so that the provider's clock agrees that it is over. */
const AFTER_EXPIRY_MS = 5 * SECOND;
/**
 * A closed deposit is watched this long for a payment at the moment of its end. After that only a webhook would credit
 * it.
 */
const WATCH_CLOSED_MS = 72 * HOUR;

/** Null: no further look. */
export function nextLookMs(
  deposit: Pick<Deposit, 'state' | 'createdAt' | 'expiresAt' | 'settledAt'>,
  nowMs: number,
): number | null {
  switch (deposit.state) {
    case 'created':
      return backOff(nowMs - deposit.createdAt.getTime(), { first: 2 * SECOND, last: 30 * SECOND });
    case 'pending':
    case 'confirming':
    case 'paid': {
      const regular = backOff(nowMs - deposit.createdAt.getTime(), { first: 5 * SECOND, last: 5 * MINUTE });
      const untilEndMs = deposit.expiresAt === null ? regular : deposit.expiresAt.getTime() - nowMs + AFTER_EXPIRY_MS;
      return untilEndMs > 0 ? Math.min(regular, untilEndMs) : regular;
    }
    case 'expired':
    case 'cancelled': {
      const ageMs = nowMs - (deposit.settledAt ?? deposit.createdAt).getTime();
      return ageMs >= WATCH_CLOSED_MS ? null : backOff(ageMs, { first: MINUTE, last: 6 * HOUR });
    }
    case 'credited':
    case 'failed':
    case 'refunded':
    case 'disputed':
      return null;
  }
}

/** A tenth of the deposit's age, between two bounds. */
function backOff(ageMs: number, bounds: { first: number; last: number }): number {
  return Math.min(bounds.last, Math.max(bounds.first, Math.floor(ageMs / 10)));
}
