// Limits for clients that have shown no right yet: wrong logins, and connections at the same time. They are counted by
// the bucket of their address: the address over IPv4, its /64 over IPv6.
import { elapsedMs } from '@lumi/shared/runtime';
import { keepBounded } from './exits';

export const WRONG_LOGINS_MAX = 20;
export const UNKNOWN_CONNECTIONS_MAX = 200;
const MINUTE_MS = 60_000;
const ADDRESSES_MAX = 50_000;

interface Counted {
  wrong: number;
  readonly sinceMs: number;
  refusedUntilMs: number;
}

export class LoginGuard {
  private readonly counted = new Map<string, Counted>();
  private readonly unknown = new Map<string, number>();
  private total = 0;

  /** The client may not try a login at this entry now. */
  isRefused(bucket: string, entry: number | null): boolean {
    return (this.counted.get(keyOf(bucket, entry))?.refusedUntilMs ?? 0) > elapsedMs();
  }

  /** Counts a wrong login. True: it was one too many. */
  countWrong(bucket: string, entry: number | null): boolean {
    const key = keyOf(bucket, entry);
    const now = elapsedMs();
    const before = this.counted.get(key);
    const isFresh = before !== undefined && now - before.sinceMs < MINUTE_MS;
    const entryNow = isFresh ? before : { wrong: 0, sinceMs: now, refusedUntilMs: 0 };
    entryNow.wrong += 1;
    const isTooMany = entryNow.wrong >= WRONG_LOGINS_MAX;
    if (isTooMany) entryNow.refusedUntilMs = now + MINUTE_MS;
    keepBounded(this.counted, key, entryNow, ADDRESSES_MAX);
    return isTooMany;
  }

  /** False: this bucket has too many connections without a login. */
  enter(bucket: string): boolean {
    const count = this.unknown.get(bucket) ?? 0;
    if (count >= UNKNOWN_CONNECTIONS_MAX) return false;
    this.unknown.set(bucket, count + 1);
    this.total += 1;
    return true;
  }

  /** Once for each that has entered. */
  leave(bucket: string): void {
    this.total -= 1;
    const count = (this.unknown.get(bucket) ?? 0) - 1;
    if (count > 0) this.unknown.set(bucket, count);
    else this.unknown.delete(bucket);
  }

  get unknownCount(): number {
    return this.total;
  }
}

function keyOf(bucket: string, entry: number | null): string {
  return `${bucket} ${String(entry ?? 'pool')}`;
}
