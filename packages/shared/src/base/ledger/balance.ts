// Reads of the wallet. Nothing here writes.
import { notFound } from '../../ground/contract';
import { sql, type SqlRunner } from '../db';
import type { Units } from '../../ground/money';

export interface Balance {
  readonly posted: Units;
  readonly held: Units;
  readonly available: Units;
  readonly updatedAt: Date;
  /** `balance.low` is written when less is available. Null: never. */
  readonly lowAt: Units | null;
}

/** Throws 404 when there is no such account. */
export async function readBalance(db: SqlRunner, accountId: string): Promise<Balance> {
  // Raw SQL: callers poll it, and with the typed client GET /balance was more than 10 % slower.
  const rows = await db.$queryRaw<{ posted: bigint; held: bigint; updated_at: Date; low_at: bigint | null }[]>(sql`
    SELECT posted, held, updated_at, low_at FROM platform.wallet WHERE account_id = ${accountId}`);
  const row = rows[0];
  if (row === undefined) throw notFound();
  const { posted, held } = row;
  return { posted, held, available: posted - held, updatedAt: row.updated_at, lowAt: row.low_at };
}

/** Captured plus held on the database's current UTC day, for one key lineage. */
export async function readDailySpend(db: SqlRunner, lineageId: string): Promise<{ spent: Units; resetsAt: Date }> {
  // Raw SQL: the day is the database's.
  const rows = await db.$queryRaw<{ spent: bigint; resets_at: Date }[]>(sql`
    SELECT coalesce((SELECT spent FROM platform.daily_spend WHERE lineage_id = ${lineageId}
      AND day = (now() AT TIME ZONE 'UTC')::date), 0)::bigint AS spent,
           (((now() AT TIME ZONE 'UTC')::date + 1)::timestamp AT TIME ZONE 'UTC') AS resets_at`);
  const row = rows[0];
  if (row === undefined) throw new Error('a query without FROM returned no row');
  return { spent: row.spent, resetsAt: row.resets_at };
}
