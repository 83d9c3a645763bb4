// Long polls for new events. One query per step covers all waiting requests of the process, and none of them holds a
// connection. The database is asked rather than made to notify: docs/decisions/0012-events-are-asked-for.md.
import type { Product } from '../../ground/contract';
import type { Log } from '../../ground/runtime';
import type { SqlRunner } from '../../base/db';
import { newestEvents } from './event-store';

const STEP_MS = 200;
/** At most this many wait. Further requests get the present state at once and ask again. */
const WAITING_MAX = 1_000;
const WAITING_PER_KEY_MAX = 10;

export interface Waiting {
  readonly accountId: string;
  readonly keyId: string;
  /** Wakes for events after this. */
  readonly afterSeq: bigint;
  readonly waitMs: number;
  /** The caller has gone away. */
  readonly gone: AbortSignal;
}

interface Waiter extends Waiting {
  wake(seq: bigint | null): void;
}

export class EventWatch {
  private readonly waiting = new Set<Waiter>();
  private isRunning = false;

  constructor(
    private readonly db: SqlRunner,
    private readonly product: Product,
    private readonly log: Log,
    private readonly process: { readonly isStopping: boolean },
  ) {}

  get count(): number {
    return this.waiting.size;
  }

  /**
   * The newest event of the account, as soon as there is one after `afterSeq`. Null: the time is over, the caller has
   * gone, the process stops, too many wait, or the feed cannot be read. Never rejects.
   */
  async newer(one: Waiting): Promise<bigint | null> {
    if (one.waitMs <= 0 || one.gone.aborted || this.process.isStopping || !this.hasRoom(one.keyId)) return null;
    return new Promise((resolve) => {
      const wake = (seq: bigint | null): void => {
        if (!this.waiting.delete(waiter)) return;
        clearTimeout(timer);
        one.gone.removeEventListener('abort', leave);
        resolve(seq);
      };
      const leave = (): void => wake(null);
      const waiter: Waiter = { ...one, wake };
      const timer = setTimeout(leave, one.waitMs);
      one.gone.addEventListener('abort', leave, { once: true });
      this.waiting.add(waiter);
      this.run();
    });
  }

  private hasRoom(keyId: string): boolean {
    if (this.waiting.size >= WAITING_MAX) return false;
    let ofKey = 0;
    for (const waiter of this.waiting) if (waiter.keyId === keyId) ofKey += 1;
    return ofKey < WAITING_PER_KEY_MAX;
  }

  private run(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    setTimeout(() => void this.step(), STEP_MS);
  }

  private async step(): Promise<void> {
    try {
      const newest = this.process.isStopping ? null : await newestEvents(this.db, this.product, this.positions());
      for (const waiter of [...this.waiting]) {
        const seq = newest?.get(waiter.accountId) ?? null;
        if (newest === null || (seq !== null && seq > waiter.afterSeq)) waiter.wake(seq);
      }
    } catch (err) {
      // Each waiting request reads again and gets the error from its own query.
      this.log.warn('the feed could not be watched', { err });
      for (const waiter of [...this.waiting]) waiter.wake(null);
    }
    this.isRunning = false;
    if (this.waiting.size > 0) this.run();
  }

  /** Of each account the earliest position that a request waits behind. */
  private positions(): Map<string, bigint> {
    const positions = new Map<string, bigint>();
    for (const { accountId, afterSeq } of this.waiting) {
      const other = positions.get(accountId);
      if (other === undefined || afterSeq < other) positions.set(accountId, afterSeq);
    }
    return positions;
  }
}
