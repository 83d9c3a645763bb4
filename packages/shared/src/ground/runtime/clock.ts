// The only place that reads the machine's clock. All code that depends on time takes a Clock, so that tests can set it.

export interface Clock {
  nowMs(): number;
  now(): Date;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  now: () => new Date(),
};

/** Milliseconds that only increase, for measuring durations; unrelated to the time of day. */
export function elapsedMs(): number {
  return performance.now();
}

export class FixedClock implements Clock {
  constructor(private ms: number) {}
  nowMs(): number {
    return this.ms;
  }
  now(): Date {
    return new Date(this.ms);
  }
  advance(ms: number): void {
    this.ms += ms;
  }
}

/** RFC 3339 in UTC with whole seconds, the form of every timestamp in the API. */
export function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
