// What must be true after every run, as queries that find what is not. They know nothing of the code that wrote the
// rows, beyond the rules that the product audits itself with (judge.ts).

export type Rule = readonly [rule: string, query: string];

/** What is not final yet. */
export const OPEN = `
  SELECT 'order' AS what, id || ' ' || subject AS id FROM platform.orders WHERE state IN ('acting', 'pending')
  UNION ALL SELECT 'claim', scope || ' ' || key FROM platform.idempotency WHERE state = 'claimed'
  UNION ALL SELECT 'deposit', id FROM platform.deposit WHERE state = 'created'
  UNION ALL SELECT 'operation', id FROM platform.operation WHERE state = 'running'
  UNION ALL SELECT 'batch', id FROM platform.batch WHERE finished_at IS NULL
  UNION ALL SELECT 'staged job', product || ' ' || name || ' ' || id FROM platform.outbox
  UNION ALL SELECT 'renewal', resource FROM platform.lifecycle WHERE renew_at < now() + interval '1 minute'
    AND coalesce(renew_problem, 'service_unavailable') = 'service_unavailable'
  UNION ALL SELECT 'paid invoice', d.id FROM platform.sandbox_invoice s JOIN platform.deposit d ON d.id = s.deposit_id
    WHERE s.state = 'paid' AND d.state <> 'credited'`;

export const RULES: readonly Rule[] = [
  [
    'one idempotency key has one effect',
    `
    SELECT idem_key AS subject, string_agg(id, ', ') AS detail FROM (SELECT product, idem_scope, idem_key, id
      FROM platform.orders UNION ALL SELECT product, idem_scope, idem_key, id FROM platform.deposit) effect
    WHERE idem_key IS NOT NULL GROUP BY product, idem_scope, idem_key HAVING count(*) > 1`,
  ],
  [
    'a renewal from one expiry is done once',
    `
    SELECT subject, count(*) || ' captured renewals from ' || expiry AS detail FROM (
      SELECT subject, coalesce(item ->> 'current_expires_at', item ->> 'from_expires_at') AS expiry FROM platform.orders
        WHERE kind IN ('domain_renew', 'server_renew') AND state = 'captured'
      UNION ALL SELECT p ->> 'id', p ->> 'from' FROM platform.orders, jsonb_array_elements(item -> 'proxies') p
        WHERE kind = 'proxy_renew' AND state = 'captured') renewal
    GROUP BY subject, expiry HAVING count(*) > 1`,
  ],
  [
    'a finished order has told its end by exactly one event',
    `
    SELECT o.id AS subject, o.state || ', ' || count(e.seq) || ' events' AS detail FROM platform.orders o
    LEFT JOIN platform.event e ON CASE o.kind
      WHEN 'proxy_replace' THEN e.data ->> 'replacement_id' = o.item ->> 'replacement_id'
        OR e.data ->> 'order_id' = o.id
      -- What time does to a proxy names the order that bought it.
      WHEN 'proxy_order' THEN e.data ->> 'order_id' = o.id AND e.type IN ('proxy.delivered', 'order.failed')
      ELSE e.data ->> 'order_id' = o.id END
    WHERE o.state IN ('captured', 'released') GROUP BY o.id
    HAVING count(e.seq) <> CASE WHEN o.kind IN ('proxy_renew', 'proxy_replace') AND o.state = 'captured'
      THEN jsonb_array_length(o.item -> 'proxies') ELSE 1 END`,
  ],
  [
    'a finished batch has told its end',
    `
    SELECT b.id AS subject, b.round || ' rounds, ' || count(e.seq) || ' events' AS detail FROM platform.batch b LEFT
      JOIN platform.event e ON e.subject = b.id AND e.type = 'batch.finished'
    WHERE b.finished_at IS NOT NULL GROUP BY b.id HAVING count(e.seq) <> b.round`,
  ],
  [
    'a daily cap is never passed',
    `
    SELECT k.lineage_id AS subject, 'spent ' || sum(o.charged) || ' of ' || k.daily_cap AS detail FROM platform.orders o
      JOIN platform.api_key k ON k.id = o.key_id
    WHERE o.state = 'captured' AND k.daily_cap IS NOT NULL GROUP BY k.lineage_id, k.daily_cap, o.cap_day
      HAVING sum(o.charged) > k.daily_cap`,
  ],
];

/** What the proxy network says that it executed, against the orders. */
export const PROXY_RULES: readonly Rule[] = [
  [
    'what the network executed belongs to an order that is open or captured',
    `
    SELECT l.reference AS subject, l.command || ', order ' || coalesce(o.state, 'none') AS detail
      FROM proxy.sandbox_log l LEFT JOIN platform.orders o ON o.id = l.reference
    WHERE l.command IN ('allocate', 'extend') AND (o.id IS NULL OR o.state = 'released' OR o.kind <> CASE l.command
      WHEN 'allocate' THEN 'proxy_order' ELSE 'proxy_renew' END)`,
  ],
  [
    'a captured order was executed by the network exactly once',
    `
    SELECT o.id AS subject, o.kind || ', executed ' || count(l.seq) AS detail FROM platform.orders o LEFT
      JOIN proxy.sandbox_log l ON l.reference = o.id
    WHERE o.product = 'proxy' AND o.kind IN ('proxy_order', 'proxy_renew') AND o.state = 'captured' GROUP BY o.id
      HAVING count(l.seq) <> 1`,
  ],
  [
    'the proxies of an order are those that the network gave for it',
    `
    SELECT o.id AS subject, o.state || ', given ' || coalesce(jsonb_array_length(l.detail -> 'exits'),
      0) || ', delivered ' || (SELECT count(*) FROM proxy.proxy p WHERE p.order_id = o.id
        AND p.replaces IS NULL) AS detail
    FROM platform.orders o LEFT JOIN proxy.sandbox_log l ON l.reference = o.id WHERE o.kind = 'proxy_order'
      AND o.state IN ('captured', 'released')
      AND coalesce(jsonb_array_length(l.detail -> 'exits'), 0) <> (SELECT count(*) FROM proxy.proxy p
        WHERE p.order_id = o.id AND p.replaces IS NULL)`,
  ],
  [
    'a proxy has been renewed as often as its renewals were charged',
    `
    SELECT p.id AS subject, 'term ' || p.term || ', renewals ' || count(o.id) AS detail FROM proxy.proxy p
    LEFT JOIN platform.orders o ON o.kind = 'proxy_renew' AND o.state = 'captured'
      AND o.item -> 'proxies' @> jsonb_build_array(jsonb_build_object('id', p.id))
    GROUP BY p.id, p.term HAVING p.term - 1 - (p.state <> 'active')::int <> count(o.id)`,
  ],
];

/** Looked at during the run as well: what must hold at every moment. Held money counts as spent. */
export const AT_EVERY_MOMENT = `
  SELECT 'the cap is never passed, open orders included' AS rule, k.lineage_id AS subject, sum(coalesce(o.charged,
    o.price)) || ' of ' || k.daily_cap AS detail
  FROM platform.orders o JOIN platform.api_key k ON k.id = o.key_id WHERE o.state <> 'released'
    AND k.daily_cap IS NOT NULL
  GROUP BY k.lineage_id, k.daily_cap, o.cap_day HAVING sum(coalesce(o.charged, o.price)) > k.daily_cap
  UNION ALL SELECT 'what is available is never negative', account_id, (posted - held)::text FROM platform.wallet
    WHERE posted < held
  UNION ALL SELECT 'held is the sum of the open orders', w.account_id,
    w.held || ', open orders ' || coalesce(sum(o.price), 0)
  FROM platform.wallet w LEFT JOIN platform.orders o ON o.account_id = w.account_id AND o.state IN ('acting', 'pending')
    GROUP BY w.account_id, w.held HAVING w.held <> coalesce(sum(o.price), 0)`;
