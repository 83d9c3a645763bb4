// The audit rules of the sandbox network: its books of addresses and stock agree with the proxies that it runs.
import { sql, type Sql } from '@lumi/shared/db';

export const SANDBOX_RULES: readonly (readonly [string, Sql])[] = [
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
];
