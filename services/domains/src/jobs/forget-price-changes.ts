// Deletes changes of prices that are kept no longer (packages/shared/src/house-keeping/retention/README.md), in steps
// of few rows.
import { sql } from '@lumi/shared/db';
import type { DomainsDeps } from '../deps';

const ROUND_MAX = 500;

/** One round. Returns true when there may be more. */
export async function forgetPriceChanges(
  { service }: Pick<DomainsDeps, 'service'>,
  rows = ROUND_MAX,
): Promise<boolean> {
  // Raw SQL: a function.
  const [gone] = await service.db.platform.$queryRaw<{ count: number }[]>(
    sql`SELECT domains.forget_price_changes(${rows}::int) AS count`,
  );
  return gone?.count === rows;
}
