// Long polls for orders to become final. One query per step covers all of them, and no connection is held in between,
// so a thousand waiting callers cost as much as one.
import type { SqlRunner } from '../../base/db';
import type { Log } from '../../ground/runtime';
import { settledAmong } from './order-store';

const STEP_MS = 250;
/** At most this many wait. Further callers get the present state at once and ask again. */
const WAITING_MAX = 1_000;

export class OrderWatch {
  private readonly waiting = new Map<string, Set<() => void>>();
  private count = 0;
  private isRunning = false;

  constructor(
    private readonly db: SqlRunner,
    private readonly log: Log,
  ) {}

  /** Resolves when the order is final, when `waitMs` are over, or when its state cannot be read. Never rejects. */
  async settled(orderId: string, waitMs: number): Promise<void> {
    if (waitMs <= 0 || this.count >= WAITING_MAX) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        if (this.remove(orderId, wake)) resolve();
      };
      const timer = setTimeout(wake, waitMs);
      this.add(orderId, wake);
    });
  }

  private add(orderId: string, wake: () => void): void {
    const wakes = this.waiting.get(orderId) ?? new Set();
    this.waiting.set(orderId, wakes.add(wake));
    this.count += 1;
    if (this.isRunning) return;
    this.isRunning = true;
    this.later();
  }

  private remove(orderId: string, wake: () => void): boolean {
    const wakes = this.waiting.get(orderId);
    if (wakes?.delete(wake) !== true) return false;
    if (wakes.size === 0) this.waiting.delete(orderId);
    this.count -= 1;
    return true;
  }

  private later(): void {
    setTimeout(() => void this.step(), STEP_MS);
  }

  private async step(): Promise<void> {
    if (this.waiting.size === 0) {
      this.isRunning = false;
      return;
    }
    try {
      this.wakeAll(await settledAmong(this.db, [...this.waiting.keys()]));
    } catch (err) {
      // Each waiting caller reads again and gets the error from its own query.
      this.log.warn('waiting orders could not be read', { err });
      this.wakeAll([...this.waiting.keys()]);
    }
    this.later();
  }

  private wakeAll(orderIds: readonly string[]): void {
    for (const orderId of orderIds) for (const wake of [...(this.waiting.get(orderId) ?? [])]) wake();
  }
}
