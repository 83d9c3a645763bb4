// What must be true after every run, whatever happened in it: judged from the rows, from the supplier's own log and
// from what the customers remember. It knows nothing of the code that wrote them, beyond the rules that the product
// audits itself with.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../../../scripts/build.mjs';
import { judgeBatches } from './bulks.mjs';
import { judgeAnswers } from './judge-answers.mjs';

const load = createRequire(join(root, 'package.json'));
const OPEN = `
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

const RULES = [
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
const PROXY_RULES = [
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

/** Waits until nothing is open; gives what still is when the time is over, and what was open last. */
export async function untilFinal(system, limitMs) {
  const endAt = performance.now() + limitMs;
  for (let last = []; ;) {
    const { rows } = await system.query(OPEN);
    if (rows.length === 0 || performance.now() > endAt) return { open: rows, last };
    last = rows;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

export async function judge({ system, history, doors, random, limitMs }) {
  const startedAt = performance.now();
  const { open, last } = await untilFinal(system, limitMs);
  const settledMs = performance.now() - startedAt;
  const breaches = open.map(({ what, id }) => ({
    rule: `everything is final within ${limitMs / 1_000} s of healing`,
    subject: id,
    detail: `the ${what} is open`,
  }));
  breaches.push(...(await auditRules(system)));
  await judgeRules(system, RULES, breaches);
  for (const [id, { path, times }] of system.sent)
    if (times > 1)
      breaches.push({
        rule: 'the gateway sends a request to a service once',
        subject: id,
        detail: `${path}, ${times} times`,
      });
  if (system.products.includes('proxy')) await judgeRules(system, PROXY_RULES, breaches);
  breaches.push(...(await judgeBatches({ history, doors })));
  breaches.push(...(await judgeFacts(system, history)));
  breaches.push(...(await judgeAnswers({ system, history, doors, random })));
  return {
    breaches,
    settledMs,
    last: last
      .slice(0, 3)
      .map(({ what, id }) => `${what} ${id}`)
      .join(', '),
  };
}

async function judgeRules(system, rules, breaches) {
  for (const [rule, query] of rules) {
    const { rows } = await system.query(query);
    breaches.push(...rows.map((row) => ({ rule, ...row })));
  }
}

async function auditRules(system) {
  const { audit } = load('./packages/shared/dist/base/ledger/index.js');
  const { BOOK_RULES } = load('./packages/shared/dist/house-keeping/reconciliation/book-rules.js');
  const rules = [...BOOK_RULES];
  for (const product of system.products) {
    const file = `./services/${product}/dist/audit-rules.js`;
    if (existsSync(join(root, file))) rules.push(...Object.values(load(file)).filter(Array.isArray).flat());
  }
  return system.cluster.owner(system.database, (client) =>
    audit({ $queryRaw: async (query) => (await client.query(query.text, query.values)).rows }, rules),
  );
}

/** What customers were told once and for all. */
async function judgeFacts(system, history) {
  const breaches = [];
  const { rows: orders } = await system.query('SELECT id, state, charged FROM platform.orders');
  const orderOf = new Map(orders.map((order) => [order.id, order]));
  const { rows: deposits } = await system.query('SELECT id, state FROM platform.deposit');
  const depositOf = new Map(deposits.map((deposit) => [deposit.id, deposit]));
  const { rows: operations } = await system.query('SELECT id, state FROM platform.operation');
  const stateOf = new Map([...orders, ...operations].map(({ id, state }) => [id, state]));
  const { rows: renewals } = await system.query(`
    SELECT d.name, d.expires_at, count(o.id)::int AS times FROM domains.domain d LEFT JOIN platform.orders o
      ON o.subject = d.name AND o.kind = 'domain_renew' AND o.idem_scope = 'auto' AND o.state = 'captured'
    WHERE d.auto_renew GROUP BY d.name, d.expires_at`);
  const states = { captured: 'completed', released: 'failed', acting: 'processing', pending: 'processing' };
  for (const fact of history.facts) {
    if (fact.kind === 'broken')
      breaches.push({ rule: 'every answer a customer saw is still true', subject: 'client', detail: fact.text });
    if (fact.kind === 'order') {
      const order = orderOf.get(fact.id);
      const isTrue =
        order !== undefined &&
        (fact.state === null ||
          (states[order.state] === fact.state &&
            (fact.captured === undefined ||
              Math.round(Number(fact.captured) * 10_000) === Number(order.charged ?? 0))));
      if (!isTrue)
        breaches.push({
          rule: 'every answer a customer saw is still true',
          subject: fact.id,
          detail:
            `told ${fact.state ?? 'accepted'} ${fact.captured ?? ''}, is ${order?.state ?? 'unknown'} ` +
            `${order?.charged ?? ''}`,
        });
    }
    if (fact.kind === 'decided' && !fact.state.includes(stateOf.get(fact.id)))
      breaches.push({
        rule: 'what an operator decided stays decided',
        subject: fact.id,
        detail: `decided ${fact.state.join(' or ')}, is ${stateOf.get(fact.id) ?? 'unknown'}`,
      });
    if (fact.kind === 'renews') {
      const renewed = renewals.find(({ name }) => name === fact.domain);
      if (renewed?.times !== 1 || renewed.expires_at <= fact.from)
        breaches.push({
          rule: 'what renews itself is renewed once',
          subject: fact.domain,
          detail:
            `renewed ${renewed?.times ?? 0} times from ${fact.from.toISOString()}, expires ` +
            `${renewed?.expires_at.toISOString() ?? 'never'}`,
        });
    }
    if (fact.kind === 'credited' || fact.kind === 'paid') {
      const state = depositOf.get(fact.id)?.state;
      if (state !== 'credited')
        breaches.push({
          rule: 'a payment that was confirmed to the payer is credited',
          subject: fact.id,
          detail: `told ${fact.kind}, is ${state ?? 'unknown'}`,
        });
    }
  }
  return breaches;
}
