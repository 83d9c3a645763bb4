// The condition that limits every query of the store to the rows within the reach.
import { sql, type Sql } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';

/** For tables whose alias is `d`. */
export function within(reach: Reach): Sql {
  return reach.kind === 'all' ? sql`TRUE` : sql`d.account_id = ${reach.accountId}`;
}
