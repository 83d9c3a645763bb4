// What was used, as a series or a break-down.
import { z } from 'zod';
import { defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { csvOf } from '@lumi/shared/listing';
import { isoSeconds } from '@lumi/shared/runtime';
import { instantQuery } from '@lumi/shared/times';
import { DAY_MS } from '../store/proxy-row';
import { USAGE_GROUPS, readUsage, type UsageGroup, type UsageRow } from '../store/usage';
import type { ProxyDeps } from '../proxy';

const ROWS_MAX = 2_500;
const RANGE_MAX_DAYS: Readonly<Record<UsageGroup, number>> = { hour: 92, day: 366, proxy: 366, subuser: 366, country: 366, target: 92 };

const COUNTERS = ['bytes_up', 'bytes_down', 'requests', 'errors'] as const;
const counts = { bytes_up: z.int(), bytes_down: z.int(), requests: z.int(), errors: z.int() };
const usageSchema = z.object({
  from: z.string(), to: z.string(), group_by: z.enum(USAGE_GROUPS), items: z.array(z.object({ key: z.string().describe('The hour, day, proxy or whatever `group_by` says.'), ...counts })), totals: z.object(counts),
  is_complete: z.boolean().describe('False when there were more rows than the 2,500 shown.'),
}).meta({ id: 'Usage' });

export function getUsage(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-usage', method: 'GET', path: '/usage', summary: 'Read usage', tag: 'Usage', scope: 'read', class: 'regular', reach: 'account',
      description: 'Bytes, requests and errors by hour, day, proxy, sub-user, country or target. Whole hours; the last day if no range is given.',
      query: z.object({
        from: instantQuery.describe('First hour; a day before `to` if absent.'), to: instantQuery.describe('End, exclusive; now if absent.'),
        group_by: z.enum(USAGE_GROUPS).optional().describe('`hour` if absent.'), subject: z.string().max(64).optional().describe('Only this proxy, plan or sub-user.'),
        format: z.enum(['json', 'csv']).optional().describe('`json` if absent.'),
      }),
      responses: { 200: { description: 'The usage.', schema: usageSchema, contentType: 'text/csv' } },
    }),
    async ({ reach, query }) => {
      const group = query.group_by ?? 'hour';
      const to = query.to === undefined ? deps.clock.now() : new Date(query.to);
      const from = query.from === undefined ? new Date(to.getTime() - DAY_MS) : new Date(query.from);
      if (from >= to) throw invalid('from', 'must lie before `to`');
      if (to.getTime() - from.getTime() > RANGE_MAX_DAYS[group] * DAY_MS) throw invalid('from', `by ${group} at most ${String(RANGE_MAX_DAYS[group])} days can be read at once`);
      const rows = await readUsage(deps.db.platform, reach, { from, to, group, subject: query.subject ?? null, limit: ROWS_MAX + 1 });
      const shown = rows.slice(0, ROWS_MAX);
      const items = shown.map(viewRow);
      if (query.format === 'csv') return { status: 200, bytes: Buffer.from(csvOf([group, ...COUNTERS], items.map((item) => [item.key, ...COUNTERS.map((counter) => ({ number: item[counter] }))])), 'utf8'), contentType: 'text/csv; charset=utf-8' };
      return json(200, { from: isoSeconds(from), to: isoSeconds(to), group_by: group, items, totals: totalsOf(items), is_complete: rows.length <= ROWS_MAX });
    },
  );
}

type Item = ReturnType<typeof viewRow>;

/** Counters of bytes: numbers are exact to 9 petabytes. */
function viewRow(row: UsageRow) {
  return { key: row.key, bytes_up: Number(row.bytes_up), bytes_down: Number(row.bytes_down), requests: Number(row.requests), errors: Number(row.errors) };
}

function totalsOf(items: readonly Item[]) {
  const sum = (pick: (item: Item) => number): number => items.reduce((total, item) => total + pick(item), 0);
  return { bytes_up: sum((item) => item.bytes_up), bytes_down: sum((item) => item.bytes_down), requests: sum((item) => item.requests), errors: sum((item) => item.errors) };
}
