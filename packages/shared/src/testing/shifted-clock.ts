// The machine's clock, moved by tests: rows are stamped by the database too, whose clock no test can move.
import { DAY_MS } from '../ground/times';
import type { Clock } from '../ground/runtime';

export class ShiftedClock implements Clock {
  shiftMs = 0;
  nowMs(): number {
    return Date.now() + this.shiftMs;
  }
  now(): Date {
    return new Date(this.nowMs());
  }
  shiftDays(days: number): void {
    this.shiftMs += days * DAY_MS;
  }
}
