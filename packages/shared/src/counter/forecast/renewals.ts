// GET /forecast/renewals: the amounts due per day, and whether the balance suffices.
// Raw SQL: sums per day over the SELECTs of several things.
import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { sql, type Sql } from '../../base/db';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { Service } from '../../house-keeping/process';
import { readBalance } from '../../base/ledger';
import { AUTO_RENEW_TAG, type LifecycleSource } from '../../work/lifecycle';
import { formatUsd, usdOutput, type Units } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';
import { DAY_MS } from '../../ground/times';

/** Of the lifecycle's description it needs only the one SELECT; several kinds of objects are added up. */
export type ForecastSource = Pick<LifecycleSource, 'live'>;

export interface DueDay {
  readonly date: string;
  readonly count: number;
  readonly due: Units;
  readonly autoRenewCount: number;
  readonly autoRenewDue: Units;
}

const DAYS_DEFAULT = 90;
const DAYS_MAX = 365;

const daySchema = z.object({
  date: z.string().meta({ example: '2026-07-01' }),
  due_usd: usdOutput.describe('Everything that expires that day, at today’s prices.'),
  count: z.int(),
  auto_renew_due_usd: usdOutput.describe('Of it, what renews itself.'),
  auto_renew_count: z.int(),
});

const forecastSchema = z
  .object({
    user_id: z.string(),
    days: z.array(daySchema).describe('Days on which something is due, in order; what is overdue counts as due today.'),
    total_usd: usdOutput,
    count: z.int(),
    auto_renew_total_usd: usdOutput,
    available_usd: usdOutput.describe('The available balance now.'),
    shortfall_usd: usdOutput.describe(
      'What the balance lacks for everything that renews itself in this time; `0.00` when it lasts.',
    ),
    runs_out_at: z
      .string()
      .nullable()
      .describe('The first day whose automatic renewals the balance does not cover; null when it lasts.'),
  })
  .meta({ id: 'RenewalForecast' });

export function forecastRenewals(deps: Pick<Service, 'db' | 'clock'>, sources: readonly ForecastSource[]): Endpoint {
  return endpoint(
    defineRoute({
      id: 'forecast-renewals',
      method: 'GET',
      path: '/forecast/renewals',
      summary: 'Forecast renewals',
      tag: AUTO_RENEW_TAG.name,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'What expires in the coming days at this product and what renewing it costs, day by day, set ' +
        'against the balance. The balance is shared by all products; their renewals are not counted here.',
      query: z.object({
        days: z
          .string()
          .regex(/^([1-9]\d?|[12]\d\d|3[0-5]\d|36[0-5])$/, `must be a whole number from 1 to ${String(DAYS_MAX)}`)
          .optional()
          .describe(`How far to look, 1 to ${String(DAYS_MAX)} days; ${String(DAYS_DEFAULT)} if absent.`),
      }),
      responses: { 200: { description: 'The forecast.', schema: forecastSchema } },
    }),
    async ({ accountId, query }) => {
      const now = deps.clock.now();
      const until = new Date(
        now.getTime() + (query.days === undefined ? DAYS_DEFAULT : Number.parseInt(query.days, 10)) * DAY_MS,
      );
      const [balance, days] = await Promise.all([
        readBalance(deps.db.platform, accountId),
        dueDays(deps, sources, { accountId, now, until }),
      ]);
      return json(200, { user_id: accountId, ...forecastOf(days, balance.available) });
    },
  );
}

async function dueDays(
  deps: Pick<Service, 'db'>,
  sources: readonly ForecastSource[],
  { accountId, now, until }: { accountId: string; now: Date; until: Date },
): Promise<DueDay[]> {
  const union = sources
    .map(
      (source, i): Sql =>
        sql`${
          i === 0
            ? sql``
            : sql`UNION ALL
          `
        }SELECT account_id, expires_at, auto_renew, price
          FROM (${source.live(until)}) x`,
    )
    .reduce((all, one) => sql`${all} ${one}`, sql``);
  const rows = await deps.db.platform.$queryRaw<
    { date: string; count: number; due: bigint; auto_count: number; auto_due: bigint }[]
  >(sql`
    SELECT to_char(greatest(expires_at, ${now}::timestamptz) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS date,
      count(*)::int AS count, coalesce(sum(price), 0)::bigint AS due,
      (count(*) FILTER (WHERE auto_renew))::int AS auto_count, coalesce(sum(price) FILTER (WHERE auto_renew),
        0)::bigint AS auto_due
    FROM (${union}) live WHERE account_id = ${accountId} AND price IS NOT NULL GROUP BY 1 ORDER BY 1`);
  return rows.map((row) => ({
    date: row.date,
    count: row.count,
    due: row.due,
    autoRenewCount: row.auto_count,
    autoRenewDue: row.auto_due,
  }));
}

/** Pure: compares the days, in their order, with the available balance. */
export function forecastOf(
  days: readonly DueDay[],
  available: Units,
): Omit<z.output<typeof forecastSchema>, 'user_id'> {
  let left = available;
  let runsOutAt: string | null = null;
  for (const day of days) {
    left -= day.autoRenewDue;
    if (left < 0n) runsOutAt ??= isoSeconds(new Date(`${day.date}T00:00:00Z`));
  }
  return {
    days: days.map((day) => ({
      date: day.date,
      due_usd: formatUsd(day.due),
      count: day.count,
      auto_renew_due_usd: formatUsd(day.autoRenewDue),
      auto_renew_count: day.autoRenewCount,
    })),
    total_usd: formatUsd(days.reduce((sum, { due }) => sum + due, 0n)),
    count: days.reduce((sum, { count }) => sum + count, 0),
    auto_renew_total_usd: formatUsd(days.reduce((sum, { autoRenewDue }) => sum + autoRenewDue, 0n)),
    available_usd: formatUsd(available),
    shortfall_usd: formatUsd(left < 0n ? -left : 0n),
    runs_out_at: runsOutAt,
  };
}
