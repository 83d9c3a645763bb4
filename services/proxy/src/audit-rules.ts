// The audit rules of the proxy service. They compare what each network executed with orders and operations, one to one,
// and these with proxies and traffic plans.
import { sql, type Sql } from '@lumi/shared/db';
import { USAGE_RULES } from './audit-usage-rules';
import { OWN_RULES } from './supplier/own/audit-rules';
import { SANDBOX_RULES } from './supplier/sandbox/audit-rules';

const OPEN = sql`('acting', 'pending')`;
/** The command of a network that carries out each kind of order. */
const COMMAND_OF = sql`(VALUES ('proxy_order', 'allocate'), ('proxy_renew', 'extend'), ('proxy_replace', 'replace'),
  ('traffic_plan', 'add-traffic'), ('traffic_topup', 'add-traffic')) AS c(kind, command)`;
/** What the networks executed, by their own books. */
const EXECUTED = sql`(SELECT 'sandbox' AS network, reference, command, detail FROM proxy.sandbox_log
  UNION ALL SELECT 'own', reference, command, result FROM proxy.own_command WHERE state = 'executed'
  UNION ALL SELECT 'upstream', reference, command, result FROM proxy.upstream_command WHERE state = 'executed')`;
/** The addresses that the networks gave us, by their books. */
const HANDED_OUT = sql`(SELECT 'sandbox' AS network, network_id, reference, product_id, country FROM proxy.sandbox_exit
  UNION ALL SELECT 'own', network_id, reference, product_id, country FROM proxy.own_exit
  UNION ALL SELECT 'upstream', network_id, reference, product_id, country FROM proxy.upstream_exit)`;
/** Where an order was sent. Those without a network began before there was a choice. */
const NETWORK_OF_ORDER = sql`coalesce(o.item ->> 'network', 'sandbox')`;
const NETWORK_OF_OPERATION = sql`coalesce(p.item ->> 'network', 'sandbox')`;
const BYTES_PER_GB = 1_000_000_000;

export const PROXY_RULES: readonly (readonly [string, Sql])[] = [
  ...USAGE_RULES,
  ...OWN_RULES,
  ...SANDBOX_RULES,
  [
    'what a network executed belongs to an order that is open or captured, or to an operation that did not fail',
    sql`
    SELECT l.reference AS subject, l.command || ', ' || coalesce('order ' || o.kind || ' ' || o.state,
      'operation ' || p.kind || ' ' || p.state, 'neither order nor operation') AS detail
    FROM ${EXECUTED} l LEFT JOIN platform.orders o ON o.id = l.reference AND ${NETWORK_OF_ORDER} = l.network
      LEFT JOIN platform.operation p ON p.id = l.reference AND ${NETWORK_OF_OPERATION} = l.network
    WHERE NOT (o.id IS NOT NULL AND o.state <> 'released' AND (o.kind, l.command) IN (SELECT kind, command
      FROM ${COMMAND_OF}))
      AND NOT (p.id IS NOT NULL AND p.state <> 'failed' AND p.kind = 'proxy_rotate' AND l.command = 'rotate')`,
  ],
  [
    'an order that was paid for was executed exactly once, one that was not never',
    sql`
    SELECT o.id AS subject, o.kind || ' ' || o.state || ', executed ' || count(l.reference) AS detail
      FROM platform.orders o LEFT JOIN ${EXECUTED} l ON l.reference = o.id AND l.network = ${NETWORK_OF_ORDER}
    WHERE o.product = 'proxy' AND o.kind IN (SELECT kind FROM ${COMMAND_OF}) AND o.state NOT IN ${OPEN} GROUP BY o.id
      HAVING count(l.reference) <> (o.state = 'captured')::int`,
  ],
  [
    'an operation that is completed was executed exactly once',
    sql`
    SELECT p.id AS subject, p.kind || ', executed ' || count(l.reference) AS detail FROM platform.operation p LEFT
      JOIN ${EXECUTED} l ON l.reference = p.id AND l.network = ${NETWORK_OF_OPERATION}
    WHERE p.product = 'proxy' AND p.state = 'done' AND p.kind NOT LIKE '%\\_sync' GROUP BY p.id
      HAVING count(l.reference) <> 1`,
  ],
  [
    'every address that was handed out for a paid order is one proxy of its buyer, and every proxy has such an address',
    sql`
    SELECT coalesce(p.id, e.network_id) AS subject, 'address of ' || coalesce(e.reference,
      'nothing') || ', order ' || coalesce(o.state || ' ' || o.account_id,
        'none') || ', proxy of ' || coalesce(p.account_id, 'nobody') AS detail
    FROM ${HANDED_OUT} e FULL JOIN proxy.proxy p ON p.network = e.network AND p.network_id = e.network_id
      LEFT JOIN platform.orders o ON o.id = e.reference
    WHERE NOT (coalesce(o.state, 'none') IN ${OPEN} AND p.id IS NULL)
      AND (p.id IS NULL OR e.network_id IS NULL OR coalesce(o.state, 'none') <> 'captured'
        OR o.account_id <> p.account_id OR e.product_id <> p.product_id OR e.country <> p.country)`,
  ],
  [
    'an order of proxies is charged for what was delivered, at the tier that it reaches',
    sql`
    SELECT o.id AS subject, 'charged ' || o.charged || ', due ' || due.units AS detail FROM platform.orders o
      JOIN ${EXECUTED} l ON l.reference = o.id AND l.network = ${NETWORK_OF_ORDER}
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
  [
    'what was sold is run by the network to which its order was sent',
    sql`
    SELECT s.id AS subject, 'of ' || s.network || ', order sent to ' || ${NETWORK_OF_ORDER} AS detail
    FROM (SELECT id, order_id, network FROM proxy.proxy
      UNION ALL SELECT id, order_id, network FROM proxy.traffic_plan) s
    JOIN platform.orders o ON o.id = s.order_id WHERE s.network <> ${NETWORK_OF_ORDER}`,
  ],
];
