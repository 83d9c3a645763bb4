import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { operationSchema } from '../../work/operations';
import type { AccountDeps } from './deps';
import { listAnyOperations } from './operation-store';
import { viewAnyOperation } from './operation-view';
import { ORDER_STATES } from './order-store';
import { accountOf } from './reach';

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
      const { state, kind, subject, batch_id } = query;
      const binding: CursorBinding = {
        account: accountOf(reach),
        route: 'list-operations',
        filter: { state, kind, subject, batch_id },
      };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listAnyOperations(
        deps.db.platform,
        { reach, product: deps.product },
        { state, kind, subject, batchId: batch_id },
        { limit: request.limit, beforeSeq: request.after?.[0] ?? null },
      );
      return json(
        200,
        toPage(
          rows,
          request,
          deps.cursors,
          binding,
          ({ seq }) => [seq.toString()],
          ({ found }) => viewAnyOperation(found),
        ),
      );
    },
  );
}
