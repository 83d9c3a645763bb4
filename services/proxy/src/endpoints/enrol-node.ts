import { z } from 'zod';
import { defineRoute, lineField, newId } from '@lumi/shared/contract';
import { administer } from '@lumi/shared/admin';
import { sql } from '@lumi/shared/db';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { hashOfToken, newNodeToken } from '../nodes/node-token';
import { nodeSchema } from '../views/node-view';
import { NODE_ROUTE, nodeNow } from './node';

export function enrolNode(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...NODE_ROUTE,
      id: 'enrol-node',
      method: 'POST',
      path: '/admin/nodes',
      summary: 'Enrol a node',
      class: 'guarded',
      keepsUserId: true,
      description:
        'A process that carries the traffic of proxies. Its token is in this answer alone: give it to the node as ' +
        '`PROXY_NODE_TOKEN`, and the id as `PROXY_NODE_ID`.',
      body: z.object({ name: lineField(64).describe('For you: the machine or the place.') }),
      bodyExample: { name: 'fra-1' },
      responses: {
        201: {
          description: 'The node.',
          schema: nodeSchema
            .extend({ token: z.string().describe('Shown this once: only its hash is stored.') })
            .meta({ id: 'EnrolledProxyNode' }),
        },
      },
    }),
    async (context) =>
      administer(deps.service, context, 'node', async (tx) => {
        const now = deps.service.clock.now();
        const id = newId('node', now.getTime());
        const { name } = context.body;
        const token = newNodeToken();
        // Raw SQL: a function, in the transaction of the act.
        await tx.$queryRaw(sql`
          SELECT proxy.node_enrol(${id}, ${name}, ${new Uint8Array(hashOfToken(token))}::bytea,
            ${now}::timestamptz)::text`);
        return {
          status: 201,
          body: { ...(await nodeNow(deps, tx, id)), token },
          act: { action: 'node.enrol', subject: id, accountId: null, before: null, after: { name } },
          holdsSecret: true,
        };
      }),
  );
}
