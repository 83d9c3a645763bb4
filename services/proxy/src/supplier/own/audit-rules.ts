// The audit rules of the nodes' own addresses: the stock agrees with the proxies that have it.
import { sql, type Sql } from '@lumi/shared/db';

export const OWN_RULES: readonly (readonly [string, Sql])[] = [
  [
    'every address of a node is held by at most one live proxy, and what is sold is an address that a node registered',
    sql`
    SELECT p.id AS subject, p.exit_ip || ', ' || coalesce('registered by ' || s.node_id || ', ' || s.state,
      'not registered') || ', live proxies at it: ' || count(*) OVER (PARTITION BY p.exit_ip) AS detail
    FROM proxy.proxy p LEFT JOIN proxy.own_stock s ON s.network_id = p.network_id AND host(s.exit_ip) = host(p.exit_ip)
    WHERE p.network = 'own' AND p.state = 'active' AND (s.address IS NULL
      OR NOT (s.exit_ip <<= s.address AND s.product_id = p.product_id)
      OR EXISTS (SELECT 1 FROM proxy.proxy o WHERE o.network = 'own' AND o.state = 'active' AND o.id <> p.id
        AND host(o.exit_ip) = host(p.exit_ip)))
      AND NOT EXISTS (SELECT 1 FROM platform.operation r WHERE r.subject = p.id AND r.kind = 'proxy_rotate'
        AND r.state = 'running')`,
  ],
  [
    'an address of a node that is held belongs to a live proxy, to an order that is open, or is about to be given back',
    sql`
    SELECT s.address::text AS subject, s.state || ' for ' || s.network_id AS detail FROM proxy.own_stock s
      LEFT JOIN proxy.own_exit e ON e.network_id = s.network_id
      LEFT JOIN proxy.proxy p ON p.network = 'own' AND p.network_id = s.network_id
      LEFT JOIN platform.orders o ON o.id = e.reference
    WHERE s.network_id IS NOT NULL AND (e.address IS DISTINCT FROM s.address
      OR (p.id IS NULL AND coalesce(o.state, 'none') NOT IN ('acting', 'pending')) OR p.withdrawn_at IS NOT NULL)`,
  ],
];
