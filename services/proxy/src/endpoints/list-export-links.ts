import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import type { ProxyDeps } from '../deps';
import { listLinks } from '../store/export-links';
import { EXPORT_LINK_ROUTE, exportLinkSchema, viewExportLink } from './export-link';

export function listExportLinks(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...EXPORT_LINK_ROUTE,
      id: 'list-export-links',
      method: 'GET',
      path: '/export-links',
      summary: 'List export links',
      scope: 'read',
      description: 'Your links to lists, newest first, with when and from where each was last read. Not their URLs.',
      query: pageQuery,
      responses: { 200: { description: 'A page of links.', schema: pageOf(exportLinkSchema) } },
    }),
    async ({ reach, query }) => {
      const page = await pageOfRows({
        route: 'list-export-links',
        reach,
        query,
        cursors: deps.service.cursors,
        read: (at) => listLinks(deps.db, reach, at),
        position: bySeq,
        view: (row) => viewExportLink(row),
      });
      return json(200, page);
    },
  );
}
