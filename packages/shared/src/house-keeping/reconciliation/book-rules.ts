// All audit rules beyond the ledger's own. Every audit uses this list, so that no caller misses a room.
import { BATCH_RULES } from '../../work/batches';
import type { Sql } from '../../base/db';
import { DEPOSIT_RULES } from '../../counter/deposits';
import { LIFECYCLE_RULES } from '../../work/lifecycle';
import { QUOTE_RULES } from '../../counter/quotes';

export const BOOK_RULES: readonly (readonly [string, Sql])[] = [
  ...DEPOSIT_RULES,
  ...BATCH_RULES,
  ...QUOTE_RULES,
  ...LIFECYCLE_RULES,
];
