// A loop that runs once a second, sooner when it is hurried, and never twice at once.
import { backoffMs, elapsedMs } from '@lumi/shared/runtime';

export interface PaceOptions {
  readonly everyMs: number;
  /** Between two rounds, however much it is hurried. */
  readonly hurriedMs: number;
  /** Gets each rejection; the loop goes on. */
  readonly round: () => Promise<void>;
  readonly onFault: (err: unknown) => void;
  /** The next round comes after `wantedMs` then, and after a fault so soon for the first time. */
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
    let faults = 0;
    while (!this.isStopped) {
      this.isHurried = false;
      const begin = elapsedMs();
      try {
        await round();
        faults = 0;
      } catch (err) {
        faults += 1;
        onFault(err);
      }
      const retryMs = isWanted() ? backoffMs(faults - 1, { firstMs: wantedMs, lastMs: everyMs }) : everyMs;
      const usual = begin + (faults === 0 && isWanted() ? wantedMs : everyMs);
      await this.pause(faults === 0 ? usual : elapsedMs() + retryMs, faults === 0 ? hurriedMs : retryMs);
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
