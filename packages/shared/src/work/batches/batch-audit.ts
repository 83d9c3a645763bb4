// The audit rules of batches; see ledger/audit.ts.
import { sql, type Sql } from '../../base/db';

export const BATCH_RULES: readonly (readonly [string, Sql])[] = [
  [
    'a finished batch has no open item and exact counts',
    sql`
    SELECT b.id AS subject, 'ok ' || b.ok || ', failed ' || b.failed || ', items ' || string_agg(i.state || ' ' || i.n,
      ', ') AS detail FROM platform.batch b
    JOIN (SELECT batch_id, state, count(*) AS n FROM platform.batch_item GROUP BY batch_id, state) i
      ON i.batch_id = b.id
    WHERE b.finished_at IS NOT NULL GROUP BY b.id, b.ok, b.failed
    HAVING b.ok <> coalesce(sum(i.n) FILTER (WHERE i.state = 'ok'), 0)
      OR b.failed <> coalesce(sum(i.n) FILTER (WHERE i.state = 'failed'), 0)
        OR coalesce(sum(i.n) FILTER (WHERE i.state IN ('waiting', 'running', 'pending')), 0) > 0`,
  ],
  [
    'a batch has all its items',
    sql`
    SELECT b.id AS subject, 'total ' || b.total || ', items ' || count(i.item) AS detail FROM platform.batch b
    LEFT JOIN platform.batch_item i ON i.batch_id = b.id GROUP BY b.id, b.total HAVING count(i.item) <> b.total
      OR max(i.item) <> b.total - 1`,
  ],
  [
    'an item is ok exactly when its order is captured',
    sql`
    SELECT i.batch_id || '/' || i.item AS subject, i.state || ', order ' || coalesce(o.state, 'none') AS detail
      FROM platform.batch_item i
    LEFT JOIN platform.orders o ON o.id = i.order_id AND o.batch_id = i.batch_id AND o.batch_item = i.item
    WHERE (i.state = 'ok') <> coalesce(o.state = 'captured', false)`,
  ],
  [
    'an item with an open order is open, and the reverse',
    sql`
    SELECT i.batch_id || '/' || i.item AS subject, i.state || ', order ' || coalesce(o.state, 'none') AS detail
      FROM platform.batch_item i
    LEFT JOIN platform.orders o ON o.id = i.order_id
    WHERE (coalesce(o.state, '') IN ('acting', 'pending') AND i.state NOT IN ('running', 'pending'))
      OR (i.state = 'pending' AND coalesce(o.state, '') NOT IN ('acting', 'pending'))`,
  ],
  [
    'an item is bought once, and no order stands under two items',
    sql`
    SELECT batch_id || '/' || batch_item AS subject, count(*) || ' captured or open orders' AS detail
      FROM platform.orders
    WHERE batch_id IS NOT NULL AND state <> 'released' GROUP BY batch_id, batch_item HAVING count(*) > 1
    UNION ALL SELECT order_id, count(*) || ' items' FROM platform.batch_item WHERE order_id IS NOT NULL
      GROUP BY order_id HAVING count(*) > 1`,
  ],
  [
    'an order of a batch is that of its item, unless it was released and tried again',
    sql`
    SELECT o.id AS subject, o.state || ' of ' || o.batch_id || '/' || o.batch_item AS detail FROM platform.orders o
    LEFT JOIN platform.batch_item i ON i.batch_id = o.batch_id AND i.item = o.batch_item
    WHERE o.batch_id IS NOT NULL AND (i.item IS NULL OR (o.state <> 'released' AND i.order_id IS DISTINCT FROM o.id))`,
  ],
  [
    'a batch with a max_total counts what its orders hold and charge',
    sql`
    SELECT b.id AS subject, 'counted ' || b.spent || ', orders ' || coalesce(sum(CASE
      WHEN o.state = 'captured' THEN o.charged WHEN o.state = 'released' THEN 0 ELSE o.price END), 0) AS detail
    FROM platform.batch b LEFT JOIN platform.orders o ON o.batch_id = b.id WHERE b.max_total IS NOT NULL
      GROUP BY b.id, b.spent
    HAVING b.spent <> coalesce(sum(CASE WHEN o.state = 'captured' THEN o.charged WHEN o.state = 'released' THEN 0
      ELSE o.price END), 0)`,
  ],
  [
    'the claim of an inline bulk is done once the batch is finished, that of a queued one at once',
    sql`
    SELECT b.id AS subject, b.form || ', claim ' || i.state AS detail FROM platform.batch b
    JOIN platform.idempotency i ON i.subject = b.id AND i.scope = b.idem_scope AND i.key = b.idem_key
      AND i.product = b.product
    WHERE i.state <> 'done' AND (b.form = 'queued' OR b.finished_at IS NOT NULL)`,
  ],
  [
    'a repeated item is never bought',
    sql`
    SELECT batch_id || '/' || item AS subject, state || ', repeats ' || twin_of AS detail FROM platform.batch_item
      WHERE twin_of IS NOT NULL AND (state <> 'failed' OR order_id IS NOT NULL)`,
  ],
];
