import { defineRoute } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { changeNode, NODE_ANSWERS, NODE_ROUTE, nodeParams } from './node';

export function retireNode(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...NODE_ROUTE,
      id: 'retire-node',
      method: 'POST',
      path: '/admin/nodes/{id}/retire',
      summary: 'Retire a node',
      class: 'guarded',
      keepsUserId: true,
      description:
        'Ends a node for ever: its token opens nothing any more, and what it held to spend is free. Drain ' +
        'it before. Retiring twice does no harm.',
      params: nodeParams,
      responses: NODE_ANSWERS,
    }),
    (context) =>
      changeNode(deps, context, {
        id: context.params.id,
        action: 'node.retire',
        change: sql`proxy.node_retire(${context.params.id}, ${deps.service.clock.now()}::timestamptz)`,
      }),
  );
}
