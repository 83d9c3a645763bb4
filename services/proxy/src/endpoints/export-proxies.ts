// Exports proxies with their passwords, ready for programs. Every export is recorded.
import { z } from 'zod';
import { defineRoute, invalid, type AppError } from '@lumi/shared/contract';
import { endpoint, mapInTurns, type Endpoint, type Reach } from '@lumi/shared/endpoint';
import { isoSeconds } from '@lumi/shared/runtime';
import { openPassword } from '../access/credentials';
import {
  linesAnswer,
  linesReply,
  LINE_FORMATS,
  formatLines,
  type LineFormat,
  type Lines,
  type ProxyLine,
} from '../access/lines';
import { listProxies } from '../store/proxies';
import { stateOf, type ProxyRow } from '../store/proxy-row';
import { recordReveal } from '../store/reveals';
import type { ProxyDeps } from '../deps';
import { hasPair } from '../views/proxy-view';
import { filterOf, proxyFilterQuery } from './list-proxies';

const EXPORT_MAX = 10_000;

export const exportFields = {
  format: z.enum(LINE_FORMATS).optional().describe('`txt` if absent.'),
  template: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('For `txt`: the line, such as `{user}:{pass}@{host}:{port}`.'),
  protocol: z.enum(['http', 'socks5']).optional().describe('Ports of this protocol, whatever is set on the proxies.'),
};

export function exportProxies(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'export-proxies',
      method: 'GET',
      path: '/export',
      summary: 'Export proxies',
      tag: 'Proxies',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Your live proxies with passwords in clear, which is why it needs `proxy:write`, by the same ' +
        'filters as the list; suspended ones only with `state`. `txt` is `host:port:user:pass` or your ' +
        'template with {host} {port} {user} {pass} {protocol} {ip} {country} {city} {id} {label} ' +
        '{expires_at}; `url` is ' +
        '`http://user:pass@host:port`. Proxies used by address only have no pair: a template with {user} or ' +
        '{pass} leaves them out, and `X-Lines-Left-Out` tells how many. Recorded.',
      query: z.object({ ...exportFields, ...proxyFilterQuery }),
      responses: { 200: { description: 'The file.', ...linesAnswer } },
    }),
    async (context) => {
      const { format = 'txt', template, protocol, ...filter } = context.query;
      const { rows, lines } = await exportedLines(deps, context.reach, {
        format,
        template,
        protocol,
        filter,
        max: EXPORT_MAX,
        tooMany: () => invalid('format', `more than ${String(EXPORT_MAX)} proxies match; narrow the filter`),
      });
      await recordReveal(
        deps,
        context,
        'export-proxies',
        rows.map((row) => row.id),
      );
      return linesReply(lines, format);
    },
  );
}

export interface Export {
  readonly format: LineFormat;
  readonly template: string | undefined;
  readonly protocol: 'http' | 'socks5' | undefined;
  readonly filter: Parameters<typeof filterOf>[0];
  readonly max: number;
  readonly tooMany: () => AppError;
}

/** Throws 422 when the template is wrong, even when there is nothing to export, and `tooMany` when too many match. */
export async function exportedLines(
  deps: ProxyDeps,
  reach: Reach,
  { format, template, protocol, filter, max, tooMany }: Export,
): Promise<{ readonly rows: readonly ProxyRow[]; readonly lines: Lines }> {
  const now = deps.service.clock.now();
  formatLines([], format, template);
  const found = await listProxies(deps.service.db.platform, reach, filterOf(filter), { limit: max, now });
  if (found.length > max) throw tooMany();
  const rows = found.filter((row) => filter.state !== undefined || isUsable(row, now));
  const lines = formatLines(await mapInTurns(rows, (row) => lineOf(deps, row, protocol)), format, template);
  return { rows, lines };
}

function isUsable(row: ProxyRow, now: Date): boolean {
  return ['active', 'expiring'].includes(stateOf(row, now)) && row.suspended_for === null;
}

function lineOf(deps: ProxyDeps, row: ProxyRow, wanted: Export['protocol']): ProxyLine {
  const protocol = wanted ?? row.protocol;
  const isByPair = hasPair(row);
  return {
    id: row.id,
    protocol,
    host: row.host,
    port: protocol === 'socks5' ? row.port_socks : row.port,
    user: isByPair ? row.username : '',
    pass: isByPair ? openPassword(deps, row) : '',
    ip: row.exit_ip,
    country: row.country,
    city: row.city,
    label: row.label ?? '',
    expires_at: isoSeconds(row.expires_at),
  };
}
