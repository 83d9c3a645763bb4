// Paid time, in days and in stretches: each payment buys one, and keeps its own price.
import type { Stretch } from '../store/stretch';

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;

/** Days left, a begun day as a whole one; 0 when it is over. */
export function daysLeft(from: Date, until: Date): number {
  return Math.max(0, Math.ceil((until.getTime() - from.getTime()) / DAY_MS));
}

export function daysBetween(from: Date, until: Date): number {
  return Math.round((until.getTime() - from.getTime()) / DAY_MS);
}

/**
 * The stretches of which something is left, with how many days of each: the last one ends with the paid time, and what
 * one does not cover is of the one before it.
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
