// Deletes finished claims after 30 days, unsettled ones never. It deletes few rows at a time, so that no delete holds
// locks for long.
// Raw SQL: a function.
import { sql, type SqlRunner } from '../db';

const BITE = 1_000;

/** One delete of few rows; true when there may be more. */
export async function forgetOldClaims(db: SqlRunner): Promise<boolean> {
  const rows = await db.$queryRaw<{ forgotten: number }[]>(
    sql`SELECT platform.forget_claims(${BITE}::int) AS forgotten`,
  );
  return rows[0]?.forgotten === BITE;
}
