// Waits for the feed's number to grow. However many nodes wait, a process asks the database a few times a second, and
// only while a node waits; less often once nothing has changed for a while. (A notice of the database does not pass a
// pooler.)
import { setTimeout } from 'node:timers/promises';

interface FeedPace {
  readonly everyMs: number;
  readonly quietMs: number;
  /** Without a change for so long, it is quiet. */
  readonly quietAfterMs: number;
}

/** A change has two seconds to be in force at the nodes. */
const PACE: FeedPace = { everyMs: 150, quietMs: 450, quietAfterMs: 10_000 };

export class FeedWatch {
  private looking: Promise<number> | null = null;
  private last = 0;
  private pause = new AbortController();
  private changedAtMs = performance.now();

  constructor(
    private readonly read: () => Promise<number>,
    private readonly pace: FeedPace = PACE,
  ) {}

  /** The next look is made now: something has just changed. */
  hurry(): void {
    this.pause.abort();
  }

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
    this.looking ??= this.look().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async look(): Promise<number> {
    const { everyMs, quietMs, quietAfterMs } = this.pace;
    this.pause = new AbortController();
    await setTimeout(performance.now() - this.changedAtMs < quietAfterMs ? everyMs : quietMs, undefined, {
      signal: this.pause.signal,
    }).catch(() => undefined); // hurried
    const number = await this.read();
    if (number !== this.last) [this.last, this.changedAtMs] = [number, performance.now()];
    return number;
  }
}
