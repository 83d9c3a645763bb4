// Limits for clients that have shown no right yet: wrong logins, and connections at the same time.
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

  /** The address may not try a login at this entry now. */
  isRefused(address: string, entry: number | null): boolean {
    return (this.counted.get(keyOf(address, entry))?.refusedUntilMs ?? 0) > elapsedMs();
  }

  /** Counts a wrong login. True: it was one too many. */
  countWrong(address: string, entry: number | null): boolean {
    const key = keyOf(address, entry);
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

  /** False: this address has too many connections without a login. */
  enter(address: string): boolean {
    const count = this.unknown.get(address) ?? 0;
    if (count >= UNKNOWN_CONNECTIONS_MAX) return false;
    this.unknown.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = (this.unknown.get(address) ?? 0) - 1;
    if (count > 0) this.unknown.set(address, count);
    else this.unknown.delete(address);
  }

  get unknownCount(): number {
    return [...this.unknown.values()].reduce((sum, count) => sum + count, 0);
  }
}

function keyOf(address: string, entry: number | null): string {
  return `${address} ${String(entry ?? 'pool')}`;
}
