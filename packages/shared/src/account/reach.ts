// What the stores of this room share: the reach of a request, and conditions put together only where something was asked for.
import { z } from 'zod';
import { emptySql, joinSql, sql, type Sql } from '../db';
import type { Reach } from '../endpoint';

/** The account a cursor is bound to; null = all of them. */
export function accountOf(reach: Reach): string | null {
  return reach.kind === 'account' ? reach.accountId : null;
}

/** `WHERE a AND b AND …`; conditions nobody asked for are null. */
export function whereAll(conditions: readonly (Sql | null)[]): Sql {
  const asked = conditions.filter((condition) => condition !== null);
  return asked.length === 0 ? emptySql : sql`WHERE ${joinSql(asked, ' AND ')}`;
}

/** A day (`2026-06-09`, its first second in UTC) or an instant with offset. */
export const instantQuery = z.union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be a date or a time such as 2026-06-09T12:00:00Z').optional();

export function instantOf(text: string | undefined): Date | null {
  return text === undefined ? null : new Date(text);
}
