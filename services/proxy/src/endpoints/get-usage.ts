// Traffic usage, as a series or a breakdown.
import { z } from 'zod';
import { defineRoute, invalid, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { accountOf, csvOf } from '@lumi/shared/listing';
import { isoSeconds } from '@lumi/shared/runtime';
import { DAY_MS, instantQuery } from '@lumi/shared/times';
import { USAGE_GROUPS, readUsage, type UsageGroup, type UsageRow } from '../store/usage';
import type { ProxyDeps } from '../deps';

/** A file is built in memory and sent whole. */
const CSV_LINES_MAX = 20_000;
const RANGE_MAX_DAYS: Readonly<Record<UsageGroup, number>> = {
  hour: 92,
  day: 366,
  proxy: 366,
  subuser: 366,
  country: 366,
  target: 92,
};

const COUNTERS = ['bytes_up', 'bytes_down', 'requests', 'errors'] as const;
const counts = { bytes_up: z.int(), bytes_down: z.int(), requests: z.int(), errors: z.int() };
const usageSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    group_by: z.enum(USAGE_GROUPS),
    totals: z.object(counts).describe('Of the whole range, whatever the page.'),
  })
  .extend(
    pageOf(z.object({ key: z.string().describe('The hour, day, proxy or whatever `group_by` says.'), ...counts }))
      .shape,
  )
  .meta({ id: 'Usage' });

export function getUsage(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-usage',
      method: 'GET',
      path: '/usage',
      summary: 'Read usage',
      tag: 'Usage',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'Bytes, requests and errors by hour or day, in their order, or by proxy, sub-user, country or target, ' +
        `what was used most first. Whole hours; the last day if no range is given. With \`format=csv\` the ` +
        `whole selection comes as one file of at most ${String(CSV_LINES_MAX)} lines. Hours are kept for 400 days.`,
      query: pageQuery.extend({
        from: instantQuery.describe('First hour; a day before `to` if absent.'),
        to: instantQuery.describe('End, exclusive; now if absent.'),
        group_by: z.enum(USAGE_GROUPS).optional().describe('`hour` if absent.'),
        subject: z.string().max(64).optional().describe('Only this proxy, plan or sub-user.'),
        format: z.enum(['json', 'csv']).optional().describe('`json` if absent.'),
      }),
      responses: {
        200: { description: 'A page of usage, or the file.', schema: usageSchema, contentType: 'text/csv' },
      },
    }),
    async ({ reach, query }) => {
      const group = query.group_by ?? 'hour';
      const to = query.to === undefined ? deps.service.clock.now() : new Date(query.to);
      const from = query.from === undefined ? new Date(to.getTime() - DAY_MS) : new Date(query.from);
      if (from >= to) throw invalid('from', 'must lie before `to`');
      if (to.getTime() - from.getTime() > RANGE_MAX_DAYS[group] * DAY_MS)
        throw invalid('from', `by ${group} at most ${String(RANGE_MAX_DAYS[group])} days can be read at once`);
      const range = { from, to, group, subject: query.subject ?? null };
      if (query.format === 'csv') {
        if (query.limit !== undefined || query.cursor !== undefined)
          throw invalid('format', 'csv is not paged; leave out limit and cursor');
        const { rows } = await readUsage(deps.service.db.platform, reach, range, {
          limit: CSV_LINES_MAX + 1,
          after: null,
        });
        if (rows.length > CSV_LINES_MAX)
          throw invalid(
            'from',
            `the selection has more than ${String(CSV_LINES_MAX)} lines; narrow it with from and to`,
          );
        const lines = rows
          .map(viewRow)
          .map((item) => [item.key, ...COUNTERS.map((counter) => ({ number: item[counter] }))]);
        return {
          status: 200,
          bytes: Buffer.from(csvOf([group, ...COUNTERS], lines), 'utf8'),
          contentType: 'text/csv; charset=utf-8',
        };
      }
      const binding: CursorBinding = {
        account: accountOf(reach),
        route: 'get-usage',
        filter: { group, subject: query.subject, from: query.from, to: query.to },
      };
      const request = readPage(query, deps.service.cursors, binding);
      const { rows, totals } = await readUsage(deps.service.db.platform, reach, range, {
        limit: request.limit + 1,
        after: request.after,
      });
      const page = toPage(
        rows,
        request,
        deps.service.cursors,
        binding,
        (row) => [String(row.bytes_up + row.bytes_down), row.key],
        viewRow,
      );
      return json(200, {
        from: isoSeconds(from),
        to: isoSeconds(to),
        group_by: group,
        totals: viewCounts(totals),
        ...page,
      });
    },
  );
}

function viewRow({ key, ...row }: UsageRow) {
  return { key, ...viewCounts(row) };
}

/** Counters of bytes: JavaScript numbers are exact up to 9 petabytes. */
function viewCounts(row: Omit<UsageRow, 'key'>) {
  return {
    bytes_up: Number(row.bytes_up),
    bytes_down: Number(row.bytes_down),
    requests: Number(row.requests),
    errors: Number(row.errors),
  };
}
