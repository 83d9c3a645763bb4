// What would be logged with each round is logged once a minute.
import { elapsedMs } from '@lumi/shared/runtime';

const EVERY_MS = 60_000;
const KEPT_MAX = 1_000;

export class Seldom {
  private readonly saidAtMs = new Map<string, number>();

  constructor(private readonly nowMs: () => number = elapsedMs) {}

  say(what: string, say: () => void): void {
    const now = this.nowMs();
    if (now - (this.saidAtMs.get(what) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
    if (this.saidAtMs.size >= KEPT_MAX) this.saidAtMs.clear();
    this.saidAtMs.set(what, now);
    say();
  }
}
