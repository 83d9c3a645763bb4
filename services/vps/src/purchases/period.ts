// Paid time. Months are calendar months in UTC; a day the month does not have becomes its last one.

export function addMonths(date: Date, months: number): Date {
  const result = new Date(date.getTime());
  const day = result.getUTCDate();
  result.setUTCDate(1);
  result.setUTCMonth(result.getUTCMonth() + months);
  result.setUTCDate(Math.min(day, daysInMonth(result)));
  return result;
}

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;

/** Days left, a begun day as a whole one; 0 when it is over. */
export function daysLeft(from: Date, until: Date): bigint {
  return BigInt(Math.max(0, Math.ceil((until.getTime() - from.getTime()) / DAY_MS)));
}

/** Days of the period of `months` that ends at `until`. */
export function daysOfPeriod(until: Date, months: number): bigint {
  return BigInt(Math.round((until.getTime() - addMonths(until, -months).getTime()) / DAY_MS));
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}
