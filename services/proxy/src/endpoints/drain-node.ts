import { z } from 'zod';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { changeNode, NODE_ANSWERS, NODE_ROUTE, nodeParams } from './node';

const DRAIN_S = 30;

export function drainNode(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...NODE_ROUTE,
      id: 'drain-node',
      method: 'POST',
      path: '/admin/nodes/{id}/drain',
      summary: 'Drain a node',
      class: 'guarded',
      keepsUserId: true,
      description:
        'Takes no new connections there, and ends the others after `drain_s`. The node then leaves. It ' +
        'serves again when its process starts again; retire it to end it for good.',
      params: nodeParams,
      body: z.object({
        drain_s: z
          .int()
          .min(0)
          .max(3_600)
          .optional()
          .describe('Seconds until open connections are ended; 30 if absent.'),
      }),
      bodyExample: { drain_s: 60 },
      responses: NODE_ANSWERS,
      errors: ['state_conflict'],
    }),
    (context) =>
      changeNode(deps, context, {
        id: context.params.id,
        action: 'node.drain',
        change: sql`proxy.node_drain(${context.params.id}, ${context.body.drain_s ?? DRAIN_S}::int,
          ${deps.service.clock.now()}::timestamptz)`,
        assertPossible: (before) => {
          if (before === 'retired')
            throw new AppError('state_conflict', 'This node is retired and carries nothing. Enrol a new one instead.');
        },
      }),
  );
}
