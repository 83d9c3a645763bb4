// The audit rules of automatic renewals, for `audit()`.
import { sql, type Sql } from '../../base/db';

export const LIFECYCLE_RULES: readonly (readonly [string, Sql])[] = [
  [
    'a thing renews itself once from one expiry',
    sql`
    SELECT product || ' ' || split_part(idem_key, '#', 1) AS subject, count(*) || ' orders' AS detail
      FROM platform.orders
    WHERE idem_scope = 'auto' AND state <> 'released' GROUP BY product, split_part(idem_key, '#', 1)
      HAVING count(*) > 1`,
  ],
  [
    'an order without a key is a renewal under its own account’s limits',
    sql`
    SELECT id AS subject, 'key ' || key_id || ', scope ' || coalesce(idem_scope,
      'none') || ', lineage ' || lineage_id AS detail FROM platform.orders
    WHERE (key_id = 'system') <> (coalesce(idem_scope, '') = 'auto') OR (key_id = 'system'
      AND lineage_id <> 'auto:' || product || ':' || account_id)`,
  ],
];
