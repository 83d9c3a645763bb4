import { z } from 'zod';
import { administer } from '@lumi/shared/admin';
import { AppError, BASE_PATHS, defineRoute, invalid, newId, notFound } from '@lumi/shared/contract';
import { endpoint, ownedBy, type Endpoint, type Reach } from '@lumi/shared/endpoint';
import { DAY_MS, instantField } from '@lumi/shared/times';
import type { ProxyDeps } from '../deps';
import {
  ACCOUNT_READS_PER_HOUR,
  digestOf,
  insertLink,
  LINKS_MAX,
  newToken,
  READS_PER_HOUR,
} from '../store/export-links';
import { EXPORT_LINK_ROUTE, exportLinkAct, exportLinkSchema, LINK_PROXIES_MAX, viewExportLink } from './export-link';
import { exportedLines, exportFields } from './export-proxies';
import { allowedField, canonicalBlock } from './fields';
import { proxyFilterQuery } from './list-proxies';

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
      class: 'guarded',
      description:
        'A URL that gives the present list of your proxies, passwords in clear, to whatever reads it, without a key: ' +
        `for programs that take a list from an address. At most ${String(LINK_PROXIES_MAX)} proxies; read at most ` +
        `${String(READS_PER_HOUR)} times an hour, and all links of an account ${String(ACCOUNT_READS_PER_HOUR)} ` +
        'times; each read is recorded. It ends with the key that made it, and the allow-list of that key holds for ' +
        'it too. The URL is shown once. When it got into wrong hands, first delete the link, since who reads it sees ' +
        'new passwords too, and then change the credentials.',
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
    async (context) => {
      const { body, reach, accountId, clientIp, principal } = context;
      const { filter = {}, format = 'txt', template, protocol } = body;
      const now = deps.service.clock.now();
      const expiresAt = new Date(body.expires_at ?? now.getTime() + LIFE_MS);
      if (expiresAt <= now) throw invalid('expires_at', 'must lie in the future');
      if (expiresAt.getTime() > now.getTime() + LIFE_MAX_MS) throw invalid('expires_at', 'must lie within a year');
      const blocks = blocksOf(body.ip_lock ?? [], clientIp);
      if (filter.order_id !== undefined && !(await hasOrder(deps, reach, filter.order_id))) throw notFound();
      // Refuses what could never be read.
      await exportedLines(deps, reach, {
        format,
        template,
        protocol,
        filter,
        max: LINK_PROXIES_MAX,
        tooMany: () => invalid('filter', `more than ${String(LINK_PROXIES_MAX)} proxies match; narrow the filter`),
      });
      const token = newToken();
      const id = newId('xpl', now.getTime());
      const asService = { ...deps.service, admin: deps.service.db };
      return administer(asService, context, id, async (tx) => {
        const row = await insertLink(tx, {
          id,
          account_id: accountId,
          token_digest: digestOf(token),
          filter: { ...filter },
          format,
          template: template ?? null,
          protocol: protocol ?? null,
          blocks,
          key_id: principal.keyId,
          lineage_id: principal.lineageId,
          expires_at: expiresAt,
          created_at: now,
        });
        if (row === null)
          throw new AppError('state_conflict', `An account has at most ${String(LINKS_MAX)} export links; delete one.`);
        const url = `${deps.service.config.PUBLIC_URL}${BASE_PATHS.proxy}/exported/${token}`;
        return {
          status: 201,
          body: viewExportLink(row, url),
          act: exportLinkAct('create', row),
          holdsSecret: true,
        };
      });
    },
  );
}

function blocksOf(texts: readonly string[], clientIp: string | null): string[] {
  const blocks = texts.map((text, index) => {
    const block = canonicalBlock(text === 'current' ? (clientIp ?? '') : text);
    if (block === null)
      throw invalid(
        `ip_lock.${String(index)}`,
        'must be an address, or a block that is not wider than /16 (IPv6: /32)',
      );
    return block;
  });
  return [...new Set(blocks)];
}

async function hasOrder(deps: ProxyDeps, reach: Reach, id: string): Promise<boolean> {
  return (await deps.service.db.platform.order.count({ where: { id, product: 'proxy', ...ownedBy(reach) } })) === 1;
}
