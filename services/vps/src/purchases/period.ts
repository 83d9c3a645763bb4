// Paid time, in days and in stretches. Each payment buys one stretch, which keeps its own price.
import { DAY_MS } from '@lumi/shared/times';
import type { Stretch } from '../store/stretch';

/** Days left. A day that has begun counts as a whole day. 0 when the time is over. */
export function daysLeft(from: Date, until: Date): number {
  return Math.max(0, Math.ceil((until.getTime() - from.getTime()) / DAY_MS));
}

export function daysBetween(from: Date, until: Date): number {
  return Math.round((until.getTime() - from.getTime()) / DAY_MS);
}

/**
 * The stretches that have days left, and how many days each. The last stretch ends with the paid time; the days before
 * it belong to the stretch before it.
 */
export function stretchesLeft(
  stretches: readonly Stretch[],
  days: number,
): readonly { readonly stretch: Stretch; readonly left: number }[] {
  const found: { stretch: Stretch; left: number }[] = [];
  let open = days;
  for (const [i, stretch] of [...stretches].reverse().entries()) {
    if (open <= 0) break;
    const left = i === stretches.length - 1 ? open : Math.min(open, stretch.days);
    found.unshift({ stretch, left });
    open -= left;
  }
  return found;
}
