// Months and years of the calendar, in UTC.

/**
 * A day that the month does not have becomes its last one. `anchorDay` is the day that months are counted from, so that
 * the last of February is followed by 31 March; absent: the date's own day.
 */
export function addMonths(date: Date, months: number, anchorDay = date.getUTCDate()): Date {
  const result = new Date(date.getTime());
  result.setUTCDate(1);
  result.setUTCMonth(result.getUTCMonth() + months);
  result.setUTCDate(Math.min(anchorDay, daysInMonth(result)));
  return result;
}

/**
 * The day that months are counted from: the stored one, while it explains the date's day; otherwise the date's own day.
 */
export function anchorOf(date: Date, remembered: number | null): number {
  const day = date.getUTCDate();
  return remembered !== null && Math.min(remembered, daysInMonth(date)) === day ? remembered : day;
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}
