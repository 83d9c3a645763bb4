// A thing is synced for its owner at most once a minute. When it was last asked for stands on its row, so it holds over all processes.
import { AppError } from '../contract';
import { sql, type Sql, type SqlRunner } from '../db';

export const EVERY_MS = 60_000;

/** The table and the condition that finds the one row, which has the column `sync_asked_at`. */
export interface Turn {
  readonly table: Sql;
  readonly row: Sql;
}

/** Throws 429, with the time after which it would be let through. */
export async function takeTurn(db: SqlRunner, { table, row }: Turn, now: Date): Promise<void> {
  const before = new Date(now.getTime() - EVERY_MS);
  const rows = await db.$queryRaw<{ taken: boolean; asked_at: Date | null }[]>(sql`
    WITH taken AS (UPDATE ${table} SET sync_asked_at = ${now}::timestamptz WHERE ${row} AND (sync_asked_at IS NULL OR sync_asked_at <= ${before}::timestamptz) RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM taken) AS taken, (SELECT sync_asked_at FROM ${table} WHERE ${row}) AS asked_at`);
  const { taken = false, asked_at: askedAt = null } = rows[0] ?? {};
  if (!taken) throw tooSoon(askedAt === null ? EVERY_MS : askedAt.getTime() + EVERY_MS - now.getTime());
}

/** It came to nothing, so it does not count. */
export async function giveTurnBack(db: SqlRunner, { table, row }: Turn, now: Date): Promise<void> {
  await db.$executeRaw(sql`UPDATE ${table} SET sync_asked_at = NULL WHERE ${row} AND sync_asked_at = ${now}::timestamptz`);
}

export function tooSoon(leftMs: number): AppError {
  return new AppError('rate_limited', 'This was synced less than a minute ago; try again after the seconds in \'Retry-After\'.', { retryAfterS: leftMs / 1000, limit: { name: 'sync', tokens: 1, periodMs: EVERY_MS } });
}
