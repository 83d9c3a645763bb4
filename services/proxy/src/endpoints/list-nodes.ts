import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { pageOfRows } from '@lumi/shared/listing';
import type { ProxyDeps } from '../deps';
import { listNodes } from '../store/node-list';
import { nodeSchema, viewNode } from '../views/node-view';
import { NODE_ROUTE } from './node';

export function listNodesEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...NODE_ROUTE,
      id: 'list-nodes',
      method: 'GET',
      path: '/admin/nodes',
      summary: 'List nodes',
      class: 'regular',
      keepsUserId: true,
      description: 'The processes that carry traffic, oldest first: whether they are there, and how far behind.',
      query: pageQuery,
      responses: { 200: { description: 'A page of nodes.', schema: pageOf(nodeSchema) } },
    }),
    async ({ query }) =>
      json(
        200,
        await pageOfRows({
          route: 'list-nodes',
          reach: { kind: 'all' },
          query,
          cursors: deps.service.cursors,
          read: ({ limit, after }) =>
            listNodes(deps.service.db.platform, { afterId: after?.[0] ?? null, limit: limit + 1 }),
          position: ({ row }) => [row.id],
          view: (found) => viewNode(found, deps.service.clock.now()),
        }),
      ),
  );
}
