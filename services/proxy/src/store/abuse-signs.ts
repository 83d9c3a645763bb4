// Signs of abuse that nodes saw, for operators: one of each sign, subject and hour.
import { given, seqBefore, sql, type SqlRunner } from '@lumi/shared/db';
import type { PrismaClient } from '../generated/db/client';
import type { AbuseSignModel } from '../generated/db/models';

export const SIGNS = ['refused-ports', 'many-targets', 'login-guessing'] as const;

export interface SignNote {
  readonly sign: (typeof SIGNS)[number];
  readonly who: string;
  readonly at: Date;
}

export interface NewSign {
  readonly sign: string;
  readonly who: string;
  readonly account_id: string | null;
}

/** Answers those that are new. */
export async function noteSigns(
  db: SqlRunner,
  node: string,
  notes: readonly SignNote[],
  now: Date,
): Promise<NewSign[]> {
  if (notes.length === 0) return [];
  // Raw SQL: a function.
  return db.$queryRaw<NewSign[]>(
    sql`SELECT * FROM proxy.note_signs(${node}, ${JSON.stringify(notes)}::jsonb, ${now}::timestamptz)`,
  );
}

/** Newest first. */
export function listSigns(
  db: Pick<PrismaClient, 'abuseSign'>,
  { sign, accountId }: { readonly sign?: string | undefined; readonly accountId?: string | undefined },
  page: { readonly limit: number; readonly beforeSeq: string | null },
): Promise<AbuseSignModel[]> {
  return db.abuseSign.findMany({
    where: { ...given({ sign, account_id: accountId }), ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
}

/** One round; true when there may be more. */
export async function forgetSigns(db: SqlRunner, limit: number): Promise<boolean> {
  // Raw SQL: a function.
  const [row] = await db.$queryRaw<{ count: number }[]>(sql`SELECT proxy.forget_signs(${limit}::int) AS count`);
  return row?.count === limit;
}
