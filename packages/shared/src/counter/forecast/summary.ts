// GET /<things>/summary: counts of all objects of an account, by the columns that the product names, and how many
// expire soon. One statement.
// Raw SQL: many counts over one pass, by columns that the product names.
import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { DAY_MS } from '../../ground/times';
import { joinSql, rawSql, sql, type Sql } from '../../base/db';
import { endpoint, json, type Endpoint, type Reach } from '../endpoint';
import type { Service } from '../../house-keeping/process';

export interface Summary {
  /** As in the path: `domains` gives `/domains/summary`. */
  readonly things: string;
  readonly tag: string;
  /**
   * A SELECT of every object that the list shows by default, with the columns `account_id, expires_at, auto_renew` and
   * one text column for each of `groups`.
   */
  rows(now: Date): Sql;
  /** Names of text columns: `['state', 'tld']` gives `by_state` and `by_tld`. */
  readonly groups: readonly string[];
}

const WITHIN_DAYS = [7, 30, 60, 90] as const;
const GROUP_NAME = /^[a-z][a-z_]{0,30}$/;

export function summaryEndpoint(deps: Pick<Service, 'db' | 'clock'>, summary: Summary): Endpoint {
  for (const group of summary.groups)
    if (!GROUP_NAME.test(group)) throw new Error(`${group} cannot be the name of a group`);
  const counts = z.record(z.string(), z.int());
  const schema = z.object({
    total: z.int(),
    ...Object.fromEntries(summary.groups.map((group) => [`by_${group}`, counts])),
    by_auto_renew: z.object({ true: z.int(), false: z.int() }),
    expiring: z
      .object(Object.fromEntries(WITHIN_DAYS.map((days) => [`within_${String(days)}_days`, z.int()])))
      .describe('Not expired yet, and expiring within so many days.'),
  });
  return endpoint(
    defineRoute({
      id: `summarize-${summary.things}`,
      method: 'GET',
      path: `/${summary.things}/summary`,
      summary: `Summarize ${summary.things}`,
      tag: summary.tag,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        `Counts of all ${summary.things} the list shows by default. For an operator key without \`user_id\`, ` +
        'those of all accounts.',
      responses: { 200: { description: 'The counts.', schema } },
    }),
    async ({ reach }) => json(200, await summarize(deps, summary, reach)),
  );
}

async function summarize(
  deps: Pick<Service, 'db' | 'clock'>,
  summary: Summary,
  reach: Reach,
): Promise<Record<string, unknown>> {
  const now = deps.clock.now();
  // Each group's values come from its own rows. The names are checked above, so they may be in the text of the
  // statement.
  const groups = summary.groups.map(
    (group) =>
      sql`SELECT ${group}::text AS kind, ${rawSql(group)}::text AS value, count(*)::int AS count FROM x GROUP BY 2`,
  );
  const soon = WITHIN_DAYS.map(
    (days) => sql`
    SELECT 'expiring', ${`within_${String(days)}_days`}::text, (count(*) FILTER (WHERE expires_at >= ${now}::timestamptz
      AND expires_at < ${new Date(now.getTime() + days * DAY_MS)}::timestamptz))::int FROM x`,
  );
  const rows = await deps.db.platform.$queryRaw<{ kind: string; value: string | null; count: number }[]>(sql`
    WITH x AS MATERIALIZED (SELECT * FROM (${summary.rows(now)}) r
      ${
        reach.kind === 'account'
          ? sql`WHERE r.account_id =
      ${reach.accountId}`
          : sql``
      })
    ${joinSql(
      [
        ...groups,
        sql`SELECT 'auto_renew', auto_renew::text, count(*)::int FROM x
      GROUP BY 2`,
        ...soon,
        sql`SELECT 'total', '', count(*)::int FROM x`,
      ],
      ' UNION ALL ',
    )}`);
  const of = (kind: string): Record<string, number> =>
    Object.fromEntries(rows.filter((row) => row.kind === kind).map(({ value, count }) => [value ?? 'none', count]));
  return {
    total: of('total')[''] ?? 0,
    ...Object.fromEntries(summary.groups.map((group) => [`by_${group}`, of(group)])),
    by_auto_renew: { true: 0, false: 0, ...of('auto_renew') },
    expiring: of('expiring'),
  };
}
