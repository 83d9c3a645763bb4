// Deletes what is kept for a time only, in steps of few rows. See README.md for what, when and why.
// Raw SQL: functions.
import { sql, type Sql } from '../../base/db';
import type { Loop, Service } from '../process';

const EVERY_MS = 600_000;
/** Rows of one statement. */
const STEP_ROWS = 500;

/** One round is one statement of each kind; there is more when one of them met as many rows as it may. */
export function retentionLoop(
  { product, db, clock }: Pick<Service, 'product' | 'db' | 'clock'>,
  rows = STEP_ROWS,
): Loop {
  const steps: readonly Sql[] = [
    sql`SELECT platform.forget_claims(${rows}::int) AS count`,
    sql`SELECT platform.forget_events(${product}, ${rows}::int) AS count`,
    sql`SELECT platform.forget_webhooks(${product}, ${rows}::int) AS count`,
    sql`SELECT platform.forget_breaches(${product}, ${rows}::int) AS count`,
  ];
  return {
    name: 'retention',
    everyMs: EVERY_MS,
    run: async () => {
      let isMore = false;
      for (const step of [...steps, sql`SELECT platform.forget_quotes(${clock.now()}, ${rows}::int) AS count`]) {
        const [met] = await db.platform.$queryRaw<{ count: number }[]>(step);
        isMore ||= met?.count === rows;
      }
      return isMore;
    },
  };
}
