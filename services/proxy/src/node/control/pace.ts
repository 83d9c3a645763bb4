// A loop that runs once a second, sooner when it is hurried, and never twice at once.
import { elapsedMs } from '@lumi/shared/runtime';

export interface PaceOptions {
  readonly everyMs: number;
  /** Between two rounds, however much it is hurried. */
  readonly hurriedMs: number;
  /** Gets each rejection; the loop goes on. */
  readonly round: () => Promise<void>;
  readonly onFault: (err: unknown) => void;
  /** A longer wait than `hurriedMs` for the next round; null: none. */
  readonly isWanted?: () => boolean;
  readonly wantedMs?: number;
}

export class Pace {
  private isStopped = false;
  private isHurried = false;
  private wake: () => void = () => undefined;
  private running: Promise<void> | null = null;

  constructor(private readonly options: PaceOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  hurry(): void {
    if (this.isHurried) return;
    this.isHurried = true;
    this.wake();
  }

  /** Resolves when the round in progress is over. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    const { everyMs, hurriedMs, wantedMs = everyMs, isWanted = () => false, round, onFault } = this.options;
    while (!this.isStopped) {
      this.isHurried = false;
      const begin = elapsedMs();
      let isFine = true;
      try {
        await round();
      } catch (err) {
        isFine = false;
        onFault(err);
      }
      const usual = begin + (isFine && isWanted() ? wantedMs : everyMs);
      await this.pause(usual, isFine ? hurriedMs : everyMs);
    }
  }

  private async pause(untilMs: number, hurriedMs: number): Promise<void> {
    const endedAt = elapsedMs();
    while (!this.isStopped) {
      const left = (this.isHurried ? Math.min(untilMs, endedAt + hurriedMs) : untilMs) - elapsedMs();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
