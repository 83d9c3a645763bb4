import { z } from 'zod';
import { AppError, defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { linesAnswer, linesReply, type LineFormat } from '../access/lines';
import type { ProxyDeps } from '../deps';
import { ACCOUNT_READS_PER_HOUR, readLink, READS_PER_HOUR, TOKEN_PATTERN } from '../store/export-links';
import { recordLinkRead } from '../store/reveals';
import { LINK_PROXIES_MAX } from './export-link';
import { exportedLines } from './export-proxies';
import { proxyFilterQuery } from './list-proxies';

const filterShape = z.object(proxyFilterQuery);
const tooManyForLink =
  `More than ${String(LINK_PROXIES_MAX)} proxies match the filter of this link by now. Its owner can make one with a ` +
  'narrower filter.';

export function readExportLink(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'read-export-link',
      method: 'GET',
      path: '/exported/{token}',
      summary: 'Read an export link',
      tag: 'Proxies',
      scope: 'public',
      class: 'regular',
      reach: 'none',
      description:
        'The present list of the link’s proxies, passwords in clear. A link that is over, was deleted, whose key was ' +
        'revoked or has expired, or that is read from an address outside of its `ip_lock` or of the allow-list of ' +
        `its key, is \`404\`. At most ${String(READS_PER_HOUR)} reads an hour, and ` +
        `${String(ACCOUNT_READS_PER_HOUR)} of all links of an account; ${String(LINK_PROXIES_MAX)} proxies, or ` +
        '`409 state_conflict`.',
      params: z.object({ token: z.string().regex(TOKEN_PATTERN).describe('Of the link; it cannot be guessed.') }),
      responses: { 200: { description: 'The list.', ...linesAnswer } },
      errors: ['state_conflict'],
    }),
    async ({ params: { token }, clientIp, requestId }) => {
      const read = await readLink(
        { platform: deps.service.db.platform, links: deps.db },
        { token, address: clientIp, now: deps.service.clock.now() },
      );
      if (read.kind === 'absent') throw notFound();
      if (read.kind === 'too-often') throw new AppError('rate_limited', undefined, { retryAfterS: read.retryAfterS });
      const { link } = read;
      const format = link.format as LineFormat; // written by create-export-link
      const { rows, lines } = await exportedLines(
        deps,
        { kind: 'account', accountId: link.account_id },
        {
          format,
          template: link.template ?? undefined,
          protocol: (link.protocol ?? undefined) as 'http' | 'socks5' | undefined, // as above
          filter: filterShape.parse(link.filter),
          max: LINK_PROXIES_MAX,
          tooMany: () => new AppError('state_conflict', tooManyForLink),
        },
      );
      await recordLinkRead(
        deps,
        { requestId },
        link,
        rows.map((row) => row.id),
      );
      return linesReply(lines, format);
    },
  );
}
