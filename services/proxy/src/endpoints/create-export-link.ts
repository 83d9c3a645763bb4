import { z } from 'zod';
import { AppError, BASE_PATHS, defineRoute, invalid, newId, notFound } from '@lumi/shared/contract';
import { endpoint, json, ownedBy, type Endpoint, type Reach } from '@lumi/shared/endpoint';
import { DAY_MS, instantField } from '@lumi/shared/times';
import type { ProxyDeps } from '../deps';
import { countLinks, digestOf, newToken, READS_PER_HOUR } from '../store/export-links';
import { EXPORT_LINK_ROUTE, exportLinkSchema, viewExportLink } from './export-link';
import { exportedLines, exportFields } from './export-proxies';
import { allowedField, canonicalBlock } from './fields';
import { proxyFilterQuery } from './list-proxies';

const LINKS_MAX = 100;
const LIFE_MS = 30 * DAY_MS;
const LIFE_MAX_MS = 366 * DAY_MS;

export function createExportLink(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...EXPORT_LINK_ROUTE,
      id: 'create-export-link',
      method: 'POST',
      path: '/export-links',
      summary: 'Create an export link',
      scope: 'write',
      description:
        'A URL that gives the present list of your proxies, passwords in clear, to whatever reads it, without a key: ' +
        `for programs that take a list from an address. It is read at most ${String(READS_PER_HOUR)} times an hour, ` +
        'and each read is recorded. The URL is shown once. Delete the link when it got into wrong hands, and change ' +
        'the credentials.',
      body: z.object({
        filter: z
          .strictObject(proxyFilterQuery)
          .optional()
          .describe('As in `GET /export`; suspended proxies only with `state`.'),
        ...exportFields,
        expires_at: instantField.optional().describe('Within a year; absent: in 30 days.'),
        ip_lock: z
          .array(allowedField)
          .max(20)
          .optional()
          .describe('Only these addresses and blocks may read it; `current` is the one you call from.'),
      }),
      bodyExample: { filter: { country: 'DE' }, template: '{user}:{pass}@{host}:{port}', ip_lock: ['current'] },
      responses: { 201: { description: 'The link, with its URL.', schema: exportLinkSchema } },
      errors: ['state_conflict'],
    }),
    async ({ body, reach, accountId, clientIp }) => {
      const { filter = {}, format = 'txt', template, protocol } = body;
      const now = deps.service.clock.now();
      const expiresAt = new Date(body.expires_at ?? now.getTime() + LIFE_MS);
      if (expiresAt <= now) throw invalid('expires_at', 'must lie in the future');
      if (expiresAt.getTime() > now.getTime() + LIFE_MAX_MS) throw invalid('expires_at', 'must lie within a year');
      const blocks = (body.ip_lock ?? []).map((text, index) => {
        const block = canonicalBlock(text === 'current' ? (clientIp ?? '') : text);
        if (block === null)
          throw invalid(
            `ip_lock.${String(index)}`,
            'must be an address, or a block that is not wider than /16 (IPv6: /32)',
          );
        return block;
      });
      if (filter.order_id !== undefined && !(await hasOrder(deps, reach, filter.order_id))) throw notFound();
      await exportedLines(deps, reach, { format, template, protocol, filter }); // refuses what could never be read
      if ((await countLinks(deps.db, accountId, now)) >= LINKS_MAX)
        throw new AppError('state_conflict', `An account has at most ${String(LINKS_MAX)} export links; delete one.`);
      const token = newToken();
      const row = await deps.db.exportLink.create({
        data: {
          id: newId('xpl', now.getTime()),
          account_id: accountId,
          token_digest: digestOf(token),
          filter: { ...filter },
          format,
          template: template ?? null,
          protocol: protocol ?? null,
          blocks: [...new Set(blocks)],
          expires_at: expiresAt,
          created_at: now,
        },
      });
      const url = `${deps.service.config.PUBLIC_URL}${BASE_PATHS.proxy}/exported/${token}`;
      return json(201, viewExportLink(row, url), { Location: `/export-links/${row.id}` });
    },
  );
}

async function hasOrder(deps: ProxyDeps, reach: Reach, id: string): Promise<boolean> {
  return (await deps.service.db.platform.order.count({ where: { id, product: 'proxy', ...ownedBy(reach) } })) === 1;
}
