// The audit: recomputes the books from the rows alone, independent of the code that wrote them. Each rule is one query
// that returns the rows that break it. It only reads and never repairs. Raw SQL: each rule is a query over several
// tables.
import { sql, type Sql, type SqlRunner } from '../db';

export interface Breach {
  readonly rule: string;
  readonly subject: string;
  readonly detail: string;
}

type Row = { subject: string; detail: string };

/** The amount of a line of cost: a charge is rounded up, a credit down. */
const costSql = (
  lines: Sql,
): Sql => sql`(SELECT coalesce(sum(CASE WHEN x.whole >= 0 THEN div(x.whole + x.of - 1, x.of) ELSE div(x.whole, x.of)
  END), 0) FROM (
  SELECT (l ->> 'unit')::numeric * (l ->> 'times')::numeric * coalesce((l -> 'share' ->> 'part')::numeric, 1) AS whole,
    coalesce((l -> 'share' ->> 'of')::numeric, 1) AS of FROM jsonb_array_elements(${lines}) l) x)`;
const TERMS_COST = costSql(sql`o.terms -> 'cost'`);
const DELIVERED_COST = costSql(sql`coalesce(o.delivered, o.terms -> 'cost')`);

const RULES: readonly (readonly [string, Sql])[] = [
  [
    'all entries together sum to zero',
    sql`
    SELECT 'ledger' AS subject, sum(amount)::text AS detail FROM platform.entry HAVING coalesce(sum(amount), 0) <> 0`,
  ],
  [
    'every transfer has entries that sum to zero',
    sql`
    SELECT t.id AS subject, 'sum ' || coalesce(sum(e.amount), 0) || ' over ' || count(e.seq) AS detail
      FROM platform.transfer t
    LEFT JOIN platform.entry e ON e.transfer_id = t.id GROUP BY t.id HAVING count(e.seq) < 2 OR sum(e.amount) <> 0`,
  ],
  [
    'posted is the sum of the wallet lines',
    sql`
    SELECT w.account_id AS subject, 'posted ' || w.posted || ', lines ' || coalesce(sum(e.amount), 0) AS detail
      FROM platform.wallet w
    LEFT JOIN platform.entry e ON e.account_id = w.account_id GROUP BY w.account_id, w.posted
      HAVING w.posted <> coalesce(sum(e.amount), 0)`,
  ],
  [
    'balance_after is the running sum of the lines',
    sql`
    SELECT account_id AS subject, 'entry ' || seq AS detail FROM (
      SELECT account_id, seq, balance_after, sum(amount) OVER (PARTITION BY account_id ORDER BY seq) AS running
        FROM platform.entry WHERE account_id IS NOT NULL) r
    WHERE balance_after <> running`,
  ],
  [
    'held is the sum of the open orders',
    sql`
    SELECT w.account_id AS subject, 'held ' || w.held || ', open orders ' || coalesce(sum(o.price), 0) AS detail
      FROM platform.wallet w
    LEFT JOIN platform.orders o ON o.account_id = w.account_id AND o.state IN ('acting', 'pending')
      GROUP BY w.account_id, w.held HAVING w.held <> coalesce(sum(o.price), 0)`,
  ],
  [
    'available is never negative',
    sql`
    SELECT account_id AS subject, (posted - held)::text AS detail FROM platform.wallet WHERE posted - held < 0`,
  ],
  [
    'a captured order has exactly its charge, any other order has none',
    sql`
    SELECT o.id AS subject, o.state || ' charged ' || coalesce(o.charged, 0) || ', lines ' || coalesce(sum(e.amount),
      0) AS detail FROM platform.orders o
    LEFT JOIN platform.transfer t ON t.order_id = o.id AND t.kind = 'charge' LEFT JOIN platform.entry e
      ON e.transfer_id = t.id AND e.account_id = o.account_id
    GROUP BY o.id HAVING coalesce(sum(e.amount), 0) <> -coalesce(o.charged, 0)`,
  ],
  [
    'the price of an order is what its terms cost',
    sql`
    SELECT o.id AS subject, 'price ' || o.price || ', terms ' || ${TERMS_COST} AS detail FROM platform.orders o
      WHERE o.price <> ${TERMS_COST}`,
  ],
  [
    'what was charged is what the terms on the order cost',
    sql`
    SELECT o.id AS subject, 'charged ' || o.charged || ', terms ' || ${DELIVERED_COST} AS detail FROM platform.orders o
      WHERE o.state = 'captured' AND o.charged <> ${DELIVERED_COST}`,
  ],
  [
    'every charge belongs to a captured order',
    sql`
    SELECT t.id AS subject, 'order ' || coalesce(t.order_id, 'none') AS detail FROM platform.transfer t
    LEFT JOIN platform.orders o ON o.id = t.order_id AND o.state = 'captured' WHERE t.kind = 'charge' AND o.id IS NULL`,
  ],
  [
    'daily spend is captured plus held',
    sql`
    SELECT coalesce(d.lineage_id, o.lineage_id) || ' ' || coalesce(d.day, o.cap_day) AS subject,
      'counted ' || coalesce(d.spent, 0) || ', orders ' || coalesce(o.spent, 0) AS detail
    FROM platform.daily_spend d FULL JOIN (
      SELECT lineage_id, cap_day, sum(CASE WHEN state = 'captured' THEN charged WHEN state = 'released' THEN 0
        ELSE price END) AS spent
      FROM platform.orders WHERE cap_day IS NOT NULL GROUP BY lineage_id, cap_day) o ON o.lineage_id = d.lineage_id
        AND o.cap_day = d.day
    WHERE coalesce(d.spent, 0) <> coalesce(o.spent, 0)`,
  ],
  [
    'a claim is done exactly when its order is final',
    sql`
    SELECT i.scope || ' ' || i.key AS subject, i.state || ', order ' || o.state AS detail FROM platform.idempotency i
    JOIN platform.orders o ON o.id = i.subject AND o.idem_key = i.key AND o.idem_scope = i.scope
    WHERE (i.state = 'done') <> (o.state IN ('captured', 'released'))`,
  ],
  [
    'an order executes under one claim only',
    sql`
    SELECT idem_scope || ' ' || idem_key AS subject, count(*) || ' orders' AS detail FROM platform.orders
      WHERE idem_key IS NOT NULL
    GROUP BY product, idem_scope, idem_key HAVING count(*) > 1`,
  ],
];

/** All breaches in the books; empty when they are right. Rooms that add money rows add rules through `extraRules`. */
export function audit(db: SqlRunner, extraRules: readonly (readonly [string, Sql])[] = []): Promise<Breach[]> {
  return auditRules(db, [...RULES, ...extraRules]);
}

/** All breaches of these rules alone. */
export async function auditRules(db: SqlRunner, rules: readonly (readonly [string, Sql])[]): Promise<Breach[]> {
  const breaches: Breach[] = [];
  for (const [rule, query] of rules) {
    const rows = await db.$queryRaw<Row[]>(query);
    for (const row of rows) breaches.push({ rule, subject: row.subject, detail: row.detail });
  }
  return breaches;
}
