// One subject's lease at this node: what was granted, what of it was used, and how much of it is wanted. All numbers
// are absolute for the present epoch, as the service has them.
import type { LeaseAnswer } from './wire';
import type { Want } from '../../nodes/protocol';

const SMALLEST = 256 * 1024;
/** Kept without being used for a while, so that a subject in use outlives an outage of the service. */
const RESERVE = 16 * 1024 * 1024;
const AHEAD_S = 60;
/** While another node stands dry. */
const AHEAD_SCARCE_S = 2;
const IDLE_MS = 2_000;
const FORGOTTEN_MS = 600_000;
/** A rate is measured over this time at least, and half of it is the last measurement's. */
const RATE_MS = 250;

interface Waiter {
  resolve(isFilled: boolean): void;
}

export class Lease {
  granted = 0;
  used = 0;
  isMetered = true;
  /** Connections and requests that spend from it. */
  uses = 0;
  private readonly waiters = new Set<Waiter>();
  private free: number | null = null;
  private elsewhere = 0;
  private isNeeded = false;
  /** It holds nothing more to spend, and the next batch gives back what it held. */
  private isStopped = false;
  /** The last exchange asked for bytes. */
  private hasAsked = false;
  private answeredAtMs = Number.NEGATIVE_INFINITY;
  private usedAtMs: number;
  private rate = 0;
  private measuredAtMs: number;
  private measuredUsed = 0;
  /** Since when it holds more than it needs. */
  private surplusAtMs: number | null = null;

  constructor(
    readonly subject: string,
    nowMs: number,
  ) {
    this.usedAtMs = nowMs;
    this.measuredAtMs = nowMs;
  }

  get left(): number {
    return this.granted - this.used;
  }

  /** Less than it will soon need, and there may be more. */
  get isLow(): boolean {
    return this.left < Math.max(SMALLEST / 2, this.rate * AHEAD_SCARCE_S) && this.free !== 0;
  }

  get isWaitedFor(): boolean {
    return this.waiters.size > 0;
  }

  spend(bytes: number, nowMs: number): number {
    const may = Math.min(bytes, this.left);
    this.used += may;
    this.usedAtMs = nowMs; // Also when nothing may pass: it is in demand.
    return may;
  }

  /** The quota is used up, as far as an answer of this age can tell. */
  isExhausted(nowMs: number, maxAgeMs: number): boolean {
    return nowMs - this.answeredAtMs <= maxAgeMs && this.left <= 0 && this.free === 0 && this.elsewhere === 0;
  }

  /** Idle, and holds nothing. */
  isForgettable(nowMs: number): boolean {
    const isHeld = this.uses > 0 || this.hasAsked || this.isWaitedFor;
    return nowMs - this.usedAtMs > FORGOTTEN_MS && this.left <= 0 && !isHeld;
  }

  waitFor(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        resolve: (isFilled) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(isFilled);
        },
      };
      const timer = setTimeout(() => waiter.resolve(false), limitMs);
      this.waiters.add(waiter);
    });
  }

  /**
   * What the next batch says of it; null: nothing. What it gives back is not spent from this moment on, whether or not
   * the batch arrives.
   */
  wish(nowMs: number): Want | null {
    this.measure(nowMs);
    if (this.isStopped) {
      Object.assign(this, { isStopped: false, hasAsked: false });
      return { subject: this.subject, keep: this.granted, want: 0 };
    }
    const isIdle = nowMs - this.usedAtMs >= IDLE_MS && !this.isWaitedFor;
    const target = this.target(nowMs, isIdle);
    if (this.left <= target.atMost) this.surplusAtMs = null;
    else if (this.isNeeded || isIdle || nowMs - (this.surplusAtMs ??= nowMs) >= IDLE_MS) {
      this.granted = this.used + target.atMost;
      this.hasAsked = false;
      return { subject: this.subject, keep: this.granted, want: 0 };
    }
    if (!isIdle && this.left < target.wanted / 2) {
      this.hasAsked = true;
      return { subject: this.subject, want: target.wanted };
    }
    if (!this.hasAsked) return null;
    this.hasAsked = false; // It asks no more, so that others are no longer called on to give.
    return { subject: this.subject, want: 0 };
  }

  /** As the service has it. */
  take(answer: LeaseAnswer, nowMs: number): void {
    const { free, elsewhere, is_needed: isNeeded, is_stopped: isStopped } = answer;
    const granted = isStopped ? this.used : Math.max(answer.granted, this.used);
    Object.assign(this, { granted, free, elsewhere, isNeeded, isStopped, answeredAtMs: nowMs });
    if (this.left > 0) this.wake(true);
    else if (free === 0 && elsewhere === 0) this.wake(false);
  }

  /** A new epoch: nothing is granted yet. */
  reset(): void {
    Object.assign(this, {
      granted: 0,
      used: 0,
      measuredUsed: 0,
      free: null,
      isNeeded: false,
      isStopped: false,
      hasAsked: false,
    });
  }

  private wake(isFilled: boolean): void {
    for (const waiter of [...this.waiters]) waiter.resolve(isFilled);
  }

  private target(nowMs: number, isIdle: boolean): { readonly atMost: number; readonly wanted: number } {
    if (isIdle && (this.isNeeded || nowMs - this.usedAtMs >= FORGOTTEN_MS)) return { atMost: 0, wanted: 0 };
    if (this.isNeeded) {
      const wanted = Math.max(SMALLEST, Math.ceil(this.rate * AHEAD_SCARCE_S));
      return { atMost: wanted, wanted };
    }
    const wanted = Math.max(SMALLEST, Math.ceil(this.rate * AHEAD_S));
    return { atMost: isIdle ? RESERVE : Math.max(RESERVE, wanted), wanted };
  }

  private measure(nowMs: number): void {
    const passed = nowMs - this.measuredAtMs;
    if (passed < RATE_MS && this.rate > 0) return;
    const latest = ((this.used - this.measuredUsed) * 1_000) / Math.max(passed, RATE_MS);
    this.rate = latest > this.rate ? latest : (this.rate + latest) / 2;
    this.measuredAtMs = nowMs;
    this.measuredUsed = this.used;
  }
}
