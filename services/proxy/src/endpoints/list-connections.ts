import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import { instantQuery } from '@lumi/shared/times';
import { REFUSALS, type RefusalWord } from '../node/refusals';
import { listConnections } from '../store/connections';
import type { ProxyDeps } from '../deps';
import { connectionSchema, viewConnection } from '../views/connection-view';
import { idField } from './fields';

const WORDS = Object.keys(REFUSALS) as RefusalWord[];

export function listConnectionsEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-connections',
      method: 'GET',
      path: '/connections',
      summary: 'List connections',
      tag: 'Usage',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'The last tunnels, requests over plain HTTP and refused logins, as nodes reported them when they ended, ' +
        'newest first: kept for 7 days, at most 10,000. A busy node leaves some out; usage is counted apart.',
      query: pageQuery.extend({
        proxy_id: idField('a proxy').optional().describe('Only those through this proxy.'),
        plan_id: idField('a plan').optional().describe('Only those of this plan and its sub-users.'),
        subuser_id: idField('a sub-user').optional().describe('Only those of this sub-user.'),
        error: z
          .enum(['any', 'none', ...WORDS])
          .optional()
          .describe('Only those that were refused with this word; `any`: with any word, `none`: with none.'),
        from: instantQuery.describe('Only those that began then or later.'),
      }),
      responses: { 200: { description: 'A page of connections.', schema: pageOf(connectionSchema) } },
    }),
    async ({ reach, query }) => {
      const { proxy_id: proxyId, plan_id: planId, subuser_id: subuserId, error, from } = query;
      const filter = {
        subjects: [proxyId, subuserId].filter((id) => id !== undefined),
        planId,
        error,
        from: from === undefined ? undefined : new Date(from),
      };
      const page = await pageOfRows({
        route: 'list-connections',
        reach,
        query,
        cursors: deps.service.cursors,
        read: (at) => listConnections(deps.db, reach, filter, at),
        position: bySeq,
        view: viewConnection,
      });
      return json(200, page);
    },
  );
}
