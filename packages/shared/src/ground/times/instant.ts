// Points in time as callers write them, read in one way by every field: RFC 3339, with lower-case letters and without
// seconds too, or a day, which is its first second in UTC. Years that the database cannot store are refused.
import { readField, type Reading } from '../contract';

const SHAPE = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):(\d{2})))?$/i;
const TEXT_MAX = 40;
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');
const WANTED = 'must be a time such as 2026-06-09T12:00:00Z or a day such as 2026-06-09';

export function readInstant(text: string): Reading<Date> {
  const match = SHAPE.exec(text.trim());
  if (match === null) return { reason: WANTED };
  const [
    ,
    year = '',
    month = '',
    day = '',
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '',
    sign = '+',
    offsetHour = '00',
    offsetMinute = '00',
  ] = match;
  const inRange =
    [month, day].every((part) => part !== '00') &&
    Number(month) <= 12 &&
    Number(day) <= daysOf(Number(year), Number(month)) &&
    [hour, offsetHour].every((part) => Number(part) <= 23) &&
    [minute, offsetMinute].every((part) => Number(part) <= 59);
  // A leap second is the last of its hour; it is stored as the second after it.
  const isLeap = second === '60' && minute === '59';
  if (!inRange || (Number(second) > 59 && !isLeap)) return { reason: 'is a time that does not exist' };
  const ms =
    Date.parse(
      `${year}-${month}-${day}T${hour}:${minute}:${isLeap ? '59' : second}.` +
        `${fraction.slice(0, 3).padEnd(3, '0')}${sign}${offsetHour}:${offsetMinute}`,
    ) + (isLeap ? 1_000 : 0);
  return ms < FIRST_MS || ms > LAST_MS ? { reason: 'must lie in the years 0001 to 9999' } : { value: new Date(ms) };
}

/** A day stays a day, for fields that mean the whole day. */
export function readInstantOrDay(text: string): Reading<string> {
  const reading = readInstant(text);
  if (reading.reason !== undefined) return reading;
  return { value: isDay(text.trim()) ? text.trim() : reading.value.toISOString() };
}

export function isDay(text: string): boolean {
  return text.length === 10;
}

function readCanonical(text: string): Reading<string> {
  const reading = readInstant(text);
  return reading.reason === undefined ? { value: reading.value.toISOString() } : reading;
}

/** The instant in UTC, as text, because bodies are stored and read again. */
export const instantField = readField(readCanonical, TEXT_MAX).meta({ example: '2026-07-09T12:00:00Z' });
export const instantQuery = instantField.optional();

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}
