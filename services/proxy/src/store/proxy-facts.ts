// The facts of proxies that their offers state, and the same read from their rows when the money is held.
import { createHash } from 'node:crypto';
import { sql, type Sql } from '@lumi/shared/db';
import { DAY_MS } from '@lumi/shared/times';
import { daysLeft, type ProxyRow } from './proxy-row';

export function renewalFacts(rows: readonly ProxyRow[]) {
  return { suspended: rows.some((row) => row.suspended_for !== null), proxies: inOrder(rows).map(factOf) };
}

/** The price depends on the days left, and the new proxies get the pairs of the old ones. */
export function replacementFacts(rows: readonly ProxyRow[], now: Date) {
  return {
    ...renewalFacts(rows),
    proxies: inOrder(rows).map((row) => ({ ...factOf(row), days: daysLeft(row.expires_at, now) })),
    pairs: inOrder(rows).map(({ username, password }) =>
      createHash('sha256').update(`${username}:`).update(password).digest('hex'),
    ),
  };
}

export function termsToRenew(ids: readonly string[], at: Date): Sql {
  return termsOf(ids, {
    state: 'renewable',
    isIn: sql`p.grace_until > ${at}::timestamptz`,
    perProxy: sql``,
    more: sql``,
  });
}

export function termsToReplace(ids: readonly string[], at: Date): Sql {
  return termsOf(ids, {
    state: 'live',
    isIn: sql`p.expires_at > ${at}::timestamptz`,
    perProxy: sql`, 'days', ceil(extract(epoch FROM (l.expires_at - ${at}::timestamptz)) * 1000 / ${DAY_MS}::int)::int`,
    more: sql`, 'pairs', jsonb_agg(encode(sha256(convert_to(l.username || ':', 'UTF8') || l.password), 'hex')
      ORDER BY l.id COLLATE "C")`,
  });
}

/** The state is the offer's state while `isIn` holds for all of them. */
function termsOf(
  ids: readonly string[],
  { state, isIn, perProxy, more }: { state: string; isIn: Sql; perProxy: Sql; more: Sql },
): Sql {
  return sql`
    SELECT jsonb_build_object('state', CASE WHEN bool_and(l.is_in) THEN ${state}::text ELSE 'over' END,
      'suspended', bool_or(l.suspended_for IS NOT NULL),
      'proxies', jsonb_agg(jsonb_build_object('id', l.id, 'term', l.term, 'expires_at',
        platform.fact_time(l.expires_at)${perProxy}) ORDER BY l.id COLLATE "C")${more}) AS facts
    FROM (SELECT p.id, p.term, p.expires_at, p.suspended_for, p.username, p.password,
        p.state = 'active' AND ${isIn} AS is_in
      FROM proxy.proxy p WHERE p.id = ANY (${[...ids]}::text[]) ORDER BY p.id FOR NO KEY UPDATE) l`;
}

function inOrder(rows: readonly ProxyRow[]): readonly ProxyRow[] {
  return [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function factOf(row: ProxyRow) {
  return { id: row.id, term: row.term, expires_at: row.expires_at.toISOString() };
}
