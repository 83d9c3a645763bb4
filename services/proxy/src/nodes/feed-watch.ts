// Waits for the feed's number to grow. However many nodes wait, a process asks the database a few times a second, and
// only while a node waits. (A notice of the database does not pass a pooler.)
import { setTimeout } from 'node:timers/promises';

const LOOK_EVERY_MS = 150;

export class FeedWatch {
  private looking: Promise<number> | null = null;

  constructor(private readonly read: () => Promise<number>) {}

  /** Resolves with true as soon as the number is above `after`; with false when `limitMs` are over or nobody waits. */
  async isAbove(after: number, limitMs: number, signal: AbortSignal): Promise<boolean> {
    const endsAtMs = performance.now() + limitMs;
    while (!signal.aborted) {
      if ((await this.next()) > after) return true;
      if (performance.now() >= endsAtMs) return false;
    }
    return false;
  }

  private next(): Promise<number> {
    this.looking ??= setTimeout(LOOK_EVERY_MS)
      .then(() => this.read())
      .finally(() => {
        this.looking = null;
      });
    return this.looking;
  }
}
