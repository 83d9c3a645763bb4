// The audit rules of the proxy service. They compare the sandbox network's own log and books with orders, operations,
// proxies and traffic plans, one to one.
import { sql, type Sql } from '@lumi/shared/db';
import { USAGE_RULES } from './audit-usage-rules';

const OPEN = sql`('acting', 'pending')`;
/** The command of the network that carries out each kind of order. */
const COMMAND_OF = sql`(VALUES ('proxy_order', 'allocate'), ('proxy_renew', 'extend'), ('proxy_replace', 'replace'),
  ('traffic_plan', 'add-traffic'), ('traffic_topup', 'add-traffic')) AS c(kind, command)`;
const BYTES_PER_GB = 1_000_000_000;

export const PROXY_RULES: readonly (readonly [string, Sql])[] = [
  ...USAGE_RULES,
  [
    'what the network executed belongs to an order that is open or captured, or to an operation that did not fail',
    sql`
    SELECT l.reference AS subject, l.command || ', ' || coalesce('order ' || o.kind || ' ' || o.state,
      'operation ' || p.kind || ' ' || p.state, 'neither order nor operation') AS detail
    FROM proxy.sandbox_log l LEFT JOIN platform.orders o ON o.id = l.reference LEFT JOIN platform.operation p
      ON p.id = l.reference
    WHERE NOT (o.id IS NOT NULL AND o.state <> 'released' AND (o.kind, l.command) IN (SELECT kind, command
      FROM ${COMMAND_OF}))
      AND NOT (p.id IS NOT NULL AND p.state <> 'failed' AND p.kind = 'proxy_rotate' AND l.command = 'rotate')`,
  ],
  [
    'an order that was paid for was executed exactly once, one that was not never',
    sql`
    SELECT o.id AS subject, o.kind || ' ' || o.state || ', executed ' || count(l.seq) AS detail FROM platform.orders o
      LEFT JOIN proxy.sandbox_log l ON l.reference = o.id
    WHERE o.product = 'proxy' AND o.kind IN (SELECT kind FROM ${COMMAND_OF}) AND o.state NOT IN ${OPEN} GROUP BY o.id
      HAVING count(l.seq) <> (o.state = 'captured')::int`,
  ],
  [
    'an operation that is completed was executed exactly once',
    sql`
    SELECT p.id AS subject, p.kind || ', executed ' || count(l.seq) AS detail FROM platform.operation p LEFT
      JOIN proxy.sandbox_log l ON l.reference = p.id
    WHERE p.product = 'proxy' AND p.state = 'done' AND p.kind NOT LIKE '%\\_sync' GROUP BY p.id
      HAVING count(l.seq) <> 1`,
  ],
  [
    'every address that was handed out for a paid order is one proxy of its buyer, and every proxy has such an address',
    sql`
    SELECT coalesce(p.id, e.network_id) AS subject, 'address of ' || coalesce(e.reference,
      'nothing') || ', order ' || coalesce(o.state || ' ' || o.account_id,
        'none') || ', proxy of ' || coalesce(p.account_id, 'nobody') AS detail
    FROM proxy.sandbox_exit e FULL JOIN (SELECT * FROM proxy.proxy WHERE network = 'sandbox') p
      ON p.network_id = e.network_id LEFT JOIN platform.orders o
      ON o.id = e.reference
    WHERE NOT (coalesce(o.state, 'none') IN ${OPEN} AND p.id IS NULL)
      AND (p.id IS NULL OR e.network_id IS NULL OR coalesce(o.state, 'none') <> 'captured'
        OR o.account_id <> p.account_id OR e.product_id <> p.product_id OR e.country <> p.country)`,
  ],
  [
    'an order of proxies is charged for what was delivered, at the tier that it reaches',
    sql`
    SELECT o.id AS subject, 'charged ' || o.charged || ', due ' || due.units AS detail FROM platform.orders o
      JOIN proxy.sandbox_log l ON l.reference = o.id
    CROSS JOIN LATERAL (SELECT count(*) AS came, (SELECT sum((i ->> 'quantity')::int)
      FROM jsonb_array_elements(o.item -> 'items') i) AS asked
        FROM jsonb_array_elements(l.detail -> 'exits') x) AS delivery
    CROSS JOIN LATERAL (SELECT (t ->> 'unit_price')::bigint AS unit
      FROM jsonb_array_elements(o.terms -> 'tariff' -> 'tiers') t WHERE (t ->> 'min_quantity')::int <= delivery.came
      ORDER BY (t ->> 'min_quantity')::int DESC LIMIT 1) AS tier
    CROSS JOIN LATERAL (SELECT CASE WHEN delivery.came = delivery.asked THEN o.price
      ELSE least(o.price, (SELECT sum(tier.unit + (o.terms -> 'tariff' -> 'surcharges' ->> (x ->> 'country'))::bigint)
        FROM jsonb_array_elements(l.detail -> 'exits') x)) END AS units) AS due
    WHERE o.kind = 'proxy_order' AND o.state = 'captured' AND o.charged <> due.units`,
  ],
  [
    'a live proxy works at the network until its expiry, and one that was given back does not',
    sql`
    SELECT p.id AS subject, p.state || ' until ' || p.expires_at || ', network ' || CASE WHEN e.is_in_use THEN 'in use'
      ELSE 'given back' END || ' until ' || coalesce(e.until::text, 'first expiry') AS detail
    FROM proxy.proxy p JOIN proxy.sandbox_exit e ON e.network_id = p.network_id
    WHERE p.network = 'sandbox' AND p.missing_since IS NULL
      AND NOT EXISTS (SELECT 1 FROM proxy.sandbox_command c WHERE c.reference = p.order_id AND c.ending LIKE 'drift-%')
      AND CASE WHEN p.state = 'active' THEN NOT e.is_in_use OR (e.until <> p.expires_at
        AND NOT EXISTS (SELECT 1 FROM proxy.proxy_lock k WHERE k.proxy_id = p.id)) ELSE e.is_in_use
          AND p.withdrawn_at IS NOT NULL END`,
  ],
  [
    'the network’s stock is what it handed out and did not get back',
    sql`
    SELECT s.product_id || ' ' || s.country AS subject,
      'taken ' || s.taken || ', in use ' || count(e.network_id) AS detail FROM proxy.sandbox_stock s
    LEFT JOIN proxy.sandbox_exit e ON e.product_id = s.product_id AND e.country = s.country AND e.is_in_use
      GROUP BY s.product_id, s.country HAVING s.taken <> count(e.network_id)`,
  ],
  [
    'a traffic plan holds the gigabytes that were paid for, and nobody’s payment is without a plan',
    sql`
    SELECT coalesce(t.id, paid.plan) AS subject, 'holds ' || coalesce(t.bytes_total,
      0) || ', paid for ' || coalesce(paid.bytes, 0) AS detail
    FROM proxy.traffic_plan t FULL JOIN (
      SELECT coalesce(o.item ->> 'plan_id', bought.id, o.id) AS plan,
        sum((o.item ->> 'gb')::bigint) * ${BYTES_PER_GB}::bigint AS bytes FROM platform.orders o LEFT
          JOIN proxy.traffic_plan bought ON bought.order_id = o.id
      WHERE o.kind IN ('traffic_plan', 'traffic_topup') AND o.state = 'captured' GROUP BY 1) paid ON paid.plan = t.id
    WHERE coalesce(t.bytes_total, 0) <> coalesce(paid.bytes, 0)`,
  ],
  [
    'a plan has given out what its sub-users hold',
    sql`
    SELECT t.id AS subject, 'given out ' || t.bytes_allocated || ', held ' || coalesce(sum(s.bytes_limit), 0) AS detail
      FROM proxy.traffic_plan t
    LEFT JOIN proxy.subuser s ON s.plan_id = t.id AND s.status <> 'deleted' GROUP BY t.id
      HAVING t.bytes_allocated <> coalesce(sum(s.bytes_limit), 0)`,
  ],
  [
    'a replacement stands as its order does, with one new proxy for each old one',
    sql`
    SELECT r.id AS subject, r.state || ', order ' || coalesce(o.state,
      'none') || ', ' || cardinality(r.removed) || ' for ' || cardinality(r.added) AS detail
    FROM proxy.replacement r LEFT JOIN platform.orders o ON o.id = r.order_id
    WHERE r.state <> CASE WHEN o.state IN ${OPEN} THEN 'processing' WHEN o.state = 'captured' THEN 'completed'
      WHEN o.state = 'released' THEN 'failed' ELSE 'none' END
      OR cardinality(r.added) <> CASE WHEN r.state = 'completed' THEN cardinality(r.removed) ELSE 0 END`,
  ],
  [
    'a proxy is held only by an order that is still open',
    sql`
    SELECT l.proxy_id AS subject, l.order_id AS detail FROM proxy.proxy_lock l WHERE NOT EXISTS (SELECT 1
      FROM platform.orders o WHERE o.id = l.order_id AND o.state IN ${OPEN})`,
  ],
];
