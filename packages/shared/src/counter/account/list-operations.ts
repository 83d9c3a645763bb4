import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { bySeq, pageOfRows } from '../listing';
import { operationSchema } from '../../work/operations';
import type { AccountDeps } from './deps';
import { listAnyOperations } from './operation-store';
import { viewAnyOperation } from './operation-view';
import { ORDER_STATES } from './order-store';

export function listOperations(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-operations',
      method: 'GET',
      path: '/operations',
      summary: 'List operations',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'What runs or ran for the account at this product, newest first.',
      query: pageQuery.extend({
        state: z.enum(ORDER_STATES).optional().describe('Only operations in this state.'),
        kind: z.string().max(64).optional().describe('Only operations of this kind.'),
        subject: z.string().max(256).optional().describe('Only operations on this object.'),
        batch_id: z.string().max(64).optional().describe('Only operations of this batch.'),
      }),
      responses: { 200: { description: 'A page of operations.', schema: pageOf(operationSchema) } },
    }),
    async ({ reach, query }) => {
      const { state, kind, subject, batch_id: batchId } = query;
      const page = await pageOfRows({
        route: 'list-operations',
        reach,
        query,
        cursors: deps.cursors,
        read: (at) =>
          listAnyOperations(deps.db.platform, { reach, product: deps.product }, { state, kind, subject, batchId }, at),
        position: bySeq,
        view: ({ found }) => viewAnyOperation(found),
      });
      return json(200, page);
    },
  );
}
