// The audit rules of hosting. They compare the sandbox hypervisor's own log with orders and operations, one to one, and
// servers with both.
import { sql, type Sql } from '@lumi/shared/db';

const OPEN = sql`('acting', 'pending')`;

export const VPS_RULES: readonly (readonly [string, Sql])[] = [
  [
    'a machine that was made belongs to a server whose order is open or captured',
    sql`
    SELECT l.reference AS subject, 'order ' || coalesce(o.state, 'none') AS detail FROM vps.sandbox_log l
    LEFT JOIN vps.server s ON s.machine = l.reference LEFT JOIN platform.orders o ON o.id = s.order_id
    WHERE l.action = 'create' AND (o.id IS NULL OR o.state = 'released')`,
  ],
  [
    'a server that was paid for was made exactly once',
    sql`
    SELECT o.id AS subject, 'made ' || count(l.seq) AS detail FROM platform.orders o
    LEFT JOIN vps.server s ON s.order_id = o.id LEFT JOIN vps.sandbox_log l ON l.reference = s.machine
      AND l.action = 'create'
    WHERE o.kind = 'server_create' AND o.state = 'captured' GROUP BY o.id HAVING count(l.seq) <> 1`,
  ],
  [
    'an upgrade that was paid for was executed exactly once, one that was not never',
    sql`
    SELECT o.id AS subject, o.state || ', executed ' || count(l.seq) AS detail FROM platform.orders o LEFT
      JOIN vps.sandbox_log l ON l.reference = o.id
    WHERE o.kind = 'server_resize' AND o.state NOT IN ${OPEN} GROUP BY o.id
      HAVING count(l.seq) <> (o.state = 'captured')::int`,
  ],
  [
    'a renewal stands under the expiry it starts from exactly while it is paid for or being paid',
    sql`
    SELECT coalesce(o.id, r.order_id) AS subject, coalesce(o.state,
      'no order') || ', renewals ' || count(r.order_id) AS detail
    FROM (SELECT * FROM platform.orders WHERE kind = 'server_renew') o FULL JOIN vps.renewal r ON r.order_id = o.id
    GROUP BY o.id, o.state, r.order_id HAVING count(r.order_id) <> coalesce((o.state <> 'released')::int, 0)`,
  ],
  [
    'an operation that is completed was executed at most once, one that failed never',
    sql`
    SELECT o.id AS subject, o.kind || ' ' || o.state || ', executed ' || count(l.seq) AS detail
      FROM platform.operation o LEFT JOIN vps.sandbox_log l ON l.reference = o.id
    WHERE o.product = 'vps' AND o.state <> 'running' GROUP BY o.id HAVING count(l.seq) > (o.state = 'done')::int`,
  ],
  [
    'what was executed was asked for by an order or an operation',
    sql`
    SELECT l.reference AS subject, l.action AS detail FROM vps.sandbox_log l
    WHERE l.action <> 'create' AND NOT EXISTS (SELECT 1 FROM platform.orders o WHERE o.id = l.reference
      AND o.state <> 'released')
      AND NOT EXISTS (SELECT 1 FROM platform.operation o WHERE o.id = l.reference AND o.state <> 'failed')`,
  ],
  [
    'a live server is paid for, and one that is not is not live',
    sql`
    SELECT s.id AS subject, s.lifecycle || ', order ' || coalesce(o.state, 'none') AS detail FROM vps.server s LEFT
      JOIN platform.orders o ON o.id = s.order_id
    WHERE coalesce(o.state, 'none') <> CASE s.lifecycle WHEN 'failed' THEN 'released' WHEN 'provisioning' THEN CASE
      WHEN o.state IN ${OPEN} THEN o.state ELSE 'open' END ELSE 'captured' END`,
  ],
  [
    'a server is held only by what still runs',
    sql`
    SELECT l.server_id AS subject, l.operation_id || ' ' || l.action AS detail FROM vps.server_lock l
    WHERE NOT EXISTS (SELECT 1 FROM platform.operation o WHERE o.id = l.operation_id AND o.state = 'running')
      AND NOT EXISTS (SELECT 1 FROM platform.orders o WHERE o.id = 'ord_' || substr(l.operation_id, 4)
        AND o.state IN ${OPEN})`,
  ],
];
