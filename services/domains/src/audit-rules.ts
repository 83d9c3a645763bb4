// The audit rules of domains. They compare the sandbox registrar's own log with the orders, one to one, and our domains
// with its registry (except names whose magic makes them differ).
import { sql, type Sql } from '@lumi/shared/db';

const PAID = sql`('register', 'renew', 'restore', 'transfer')`;
const OURS = sql`o.product = 'domains' AND o.kind LIKE 'domain\\_%'
  AND coalesce(o.item ->> 'registrar', 'sandbox') = 'sandbox'`;

export const DOMAINS_RULES: readonly (readonly [string, Sql])[] = [
  [
    'what the registrar executed belongs to an order that is open or captured, about the same name',
    sql`
    SELECT l.ref AS subject, l.command || ' ' || l.name || ', order ' || coalesce(o.state || ' ' || o.kind || ' ' ||
      o.subject, 'none') AS detail
    FROM domains.sandbox_log l LEFT JOIN platform.orders o ON o.id = l.ref
    WHERE l.ending = 'done' AND l.command IN ${PAID}
      AND (o.id IS NULL OR o.state = 'released' OR o.kind <> 'domain_' || l.command OR o.subject <> l.name)`,
  ],
  [
    'a captured order was executed by the registrar exactly once',
    sql`
    SELECT o.id AS subject, o.kind || ' ' || o.subject || ', executed ' || count(l.seq) AS detail
    FROM platform.orders o LEFT JOIN domains.sandbox_log l ON l.ref = o.id AND l.ending = 'done'
    WHERE ${OURS} AND o.state = 'captured' GROUP BY o.id HAVING count(l.seq) <> 1`,
  ],
  [
    'a registration or transfer that was captured delivered one domain, and no other order did',
    sql`
    SELECT coalesce(o.id, d.order_id) AS subject, coalesce(o.state, 'no order') || ', domain ' || coalesce(d.name,
      'none') AS detail
    FROM (SELECT * FROM platform.orders o WHERE ${OURS} AND o.kind IN ('domain_register', 'domain_transfer')
      AND o.state = 'captured') o
    FULL JOIN domains.domain d ON d.order_id = o.id WHERE o.id IS NULL OR d.seq IS NULL OR d.account_id <> o.account_id
      OR d.name <> o.subject`,
  ],
  [
    'a domain we hold stands in the registry with the same expiry and name servers',
    sql`
    SELECT d.name AS subject, 'ours ' || d.expires_at || ', registry ' || coalesce(n.expires_at::text, 'none') AS detail
    FROM domains.domain d LEFT JOIN domains.sandbox_name n ON n.name = d.name AND n.sponsor = 'us'
    WHERE d.ended_at IS NULL AND d.registrar = 'sandbox' AND d.change_id IS NULL AND d.delete_at > now()
      AND d.missing_since IS NULL AND d.name NOT LIKE 'drift-%'
      AND (n.name IS NULL OR n.expires_at <> d.expires_at OR n.nameservers <> d.nameservers OR n.locked <> d.locked)
      AND NOT EXISTS (SELECT 1 FROM platform.orders o WHERE o.product = 'domains' AND o.lock_key = d.name
        AND o.state IN ('acting', 'pending'))`,
  ],
  [
    'a name the registry holds through us is a domain of an account, or its order is still open',
    sql`
    SELECT n.name AS subject, 'registered ' || n.registered_at AS detail FROM domains.sandbox_name n
    WHERE n.sponsor = 'us' AND NOT EXISTS (SELECT 1 FROM domains.domain d WHERE d.name = n.name)
      AND NOT EXISTS (SELECT 1 FROM platform.orders o WHERE o.product = 'domains' AND o.lock_key = n.name
        AND o.state IN ('acting', 'pending'))`,
  ],
];
