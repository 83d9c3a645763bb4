// The audit rules of quotes, for `audit()`.
import { sql, type Sql } from '../../base/db';

export const QUOTE_RULES: readonly (readonly [string, Sql])[] = [
  [
    'an order made under a quote has the quoted price',
    sql`
    SELECT u.order_id AS subject, 'quoted ' || u.price || ', order ' || coalesce(o.price::text, 'none') AS detail
    FROM platform.quote_use u LEFT JOIN platform.orders o ON o.id = u.order_id WHERE o.id IS NULL
      OR o.price <> u.price`,
  ],
];
