// Waits for the feed's number to grow. However many nodes wait, a process asks the database once for all of them, and
// only while a node waits. A notice of the database (NOTIFY) says that the number has grown; while no notices are heard
// it asks a few times a second, less often once nothing has changed for a while.
import { setTimeout } from 'node:timers/promises';

interface FeedPace {
  readonly everyMs: number;
  readonly quietMs: number;
  /** Without a change for so long, it is quiet. */
  readonly quietAfterMs: number;
  /** While notices are heard. */
  readonly noticedMs: number;
}

/** A change has two seconds to be in force at the nodes. */
const PACE: FeedPace = { everyMs: 150, quietMs: 450, quietAfterMs: 10_000, noticedMs: 5_000 };

export interface FeedSource {
  readonly read: () => Promise<number>;
  /** Whether notices are heard; the first call may begin to listen. `hurry` is to be called for each. */
  readonly isNoticed: () => boolean;
}

export class FeedWatch {
  private looking: Promise<number> | null = null;
  private last = 0;
  private pause = new AbortController();
  private isHurried = false;
  private changedAtMs = performance.now();

  constructor(
    private readonly source: FeedSource,
    private readonly pace: FeedPace = PACE,
  ) {}

  /** The next look is made now: something has just changed. A look that has begun may not see it. */
  hurry(): void {
    this.isHurried = true;
    this.pause.abort();
  }

  /** Resolves with true as soon as the number is above `after`; with false when `limitMs` are over or nobody waits. */
  async isAbove(after: number, limitMs: number, signal: AbortSignal): Promise<boolean> {
    const endsAtMs = performance.now() + limitMs;
    const leave = (): void => this.hurry();
    signal.addEventListener('abort', leave, { once: true });
    try {
      while (!signal.aborted) {
        if ((await this.next(endsAtMs - performance.now())) > after) return true;
        if (performance.now() >= endsAtMs) return false;
      }
      return false;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  private next(withinMs: number): Promise<number> {
    this.looking ??= this.look(withinMs).finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async look(withinMs: number): Promise<number> {
    this.pause = new AbortController();
    // A notice that came since the last look began is not waited for again.
    const pauseMs = this.isHurried ? 0 : Math.max(0, Math.min(this.pauseMs, withinMs));
    const { signal } = this.pause;
    if (pauseMs > 0) await setTimeout(pauseMs, undefined, { signal }).catch(() => undefined); // hurried
    this.isHurried = false;
    const number = await this.source.read();
    if (number !== this.last) [this.last, this.changedAtMs] = [number, performance.now()];
    return number;
  }

  private get pauseMs(): number {
    const { everyMs, quietMs, quietAfterMs, noticedMs } = this.pace;
    if (this.source.isNoticed()) return noticedMs;
    return performance.now() - this.changedAtMs < quietAfterMs ? everyMs : quietMs;
  }
}
