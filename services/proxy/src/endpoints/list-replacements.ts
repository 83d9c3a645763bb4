import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
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
      const page = await pageOfRows({
        route: 'list-replacements',
        reach,
        query,
        cursors: deps.service.cursors,
        read: (at) => listReplacements(deps.service.db.platform, reach, at),
        position: bySeq,
        view: viewReplacement,
      });
      return json(200, page);
    },
  );
}
