import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { listReplacements } from '../store/replacements';
import type { ProxyDeps } from '../deps';
import { replacementSchema, viewReplacement } from '../views/replacement-view';

export function listReplacementsEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-replacements',
      method: 'GET',
      path: '/replacements',
      summary: 'List replacements',
      tag: 'Proxies',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'What was replaced by what, newest first.',
      query: pageQuery,
      responses: { 200: { description: 'A page of replacements.', schema: pageOf(replacementSchema) } },
    }),
    async ({ reach, query }) => {
      const binding: CursorBinding = {
        account: reach.kind === 'account' ? reach.accountId : null,
        route: 'list-replacements',
        filter: {},
      };
      const request = readPage(query, deps.service.cursors, binding);
      const rows = await listReplacements(deps.service.db.platform, reach, {
        limit: request.limit,
        beforeSeq: request.after?.[0] ?? null,
      });
      return json(
        200,
        toPage(rows, request, deps.service.cursors, binding, (row) => [row.seq.toString()], viewReplacement),
      );
    },
  );
}
