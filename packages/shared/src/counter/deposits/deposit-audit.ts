// The audit rules of deposits, for `audit()`: computed from the rows, independent of the code that wrote them.
import { sql, type Sql } from '../../base/db';

export const DEPOSIT_RULES: readonly (readonly [string, Sql])[] = [
  [
    'a credited deposit has exactly one line of its amount, any other deposit has none',
    sql`
    SELECT d.id AS subject, d.state || ' of ' || d.amount || ', lines ' || coalesce(sum(e.amount),
      0) || ' in ' || count(DISTINCT t.id) AS detail FROM platform.deposit d
    LEFT JOIN platform.transfer t ON t.deposit_id = d.id LEFT JOIN platform.entry e ON e.transfer_id = t.id
      AND e.account_id = d.account_id
    WHERE d.state NOT IN ('refunded', 'disputed') GROUP BY d.id
    HAVING count(DISTINCT t.id) <> (d.state = 'credited')::int OR coalesce(sum(e.amount), 0) <> CASE
      WHEN d.state = 'credited' THEN d.amount ELSE 0 END`,
  ],
  [
    'every deposit line belongs to a deposit of the same account',
    sql`
    SELECT t.id AS subject, 'deposit ' || coalesce(t.deposit_id, 'none') AS detail FROM platform.transfer t
    LEFT JOIN platform.deposit d ON d.id = t.deposit_id AND d.account_id = t.account_id WHERE t.kind = 'deposit'
      AND d.id IS NULL`,
  ],
  [
    'a claim of a deposit is open exactly while the deposit is being made',
    sql`
    SELECT i.scope || ' ' || i.key AS subject, i.state || ', deposit ' || d.state AS detail FROM platform.idempotency i
    JOIN platform.deposit d ON d.id = i.subject WHERE (i.state = 'claimed') <> (d.state = 'created')`,
  ],
];
