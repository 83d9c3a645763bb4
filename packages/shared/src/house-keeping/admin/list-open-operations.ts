import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { bySeq, pageOfRows } from '../../counter/listing';
import { operationSchema } from '../../work/operations';
import { isoSeconds } from '../../ground/runtime';
import { ADMIN_TAG } from './deps';
import { listOpenWork, type OpenWork } from './stuck-store';
import { type StuckDeps, viewWork } from './stuck-case';

const openOperationSchema = operationSchema
  .extend({
    stuck_since: z.string().nullable(),
    attempts: z.int().describe('How often it was taken over.'),
    next_attempt_at: z.string().nullable(),
    supplier_ref: z.string().nullable(),
  })
  .meta({ id: 'OpenOperation' });

export function listOpenOperations(deps: StuckDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-open-operations',
      method: 'GET',
      path: '/admin/operations',
      summary: 'List unfinished work',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description:
        'Purchases and operations of all accounts at this product that are not finished, the oldest first. ' +
        '`stuck=1`: only those that could not be decided within ten minutes and wait for an operator; a ' +
        'purchase’s money is still held.',
      query: pageQuery.extend({
        stuck: z.enum(['0', '1']).optional().describe('1: only those that wait for an operator.'),
      }),
      responses: { 200: { description: 'A page of operations.', schema: pageOf(openOperationSchema) } },
    }),
    async ({ query }) => {
      const page = await pageOfRows({
        route: 'list-open-operations',
        reach: { kind: 'all' },
        query,
        cursors: deps.cursors,
        read: ({ limit, after }) =>
          listOpenWork(deps.db.platform, deps.product, query.stuck === '1', { limit, afterSeq: after?.[0] ?? null }),
        position: bySeq,
        view: viewOpen,
      });
      return json(200, page);
    },
  );
}

function viewOpen(work: OpenWork): z.output<typeof openOperationSchema> {
  const { stuckSince, attempt, supplierRef } = 'order' in work ? work.order : work.operation;
  return {
    ...viewWork(work),
    stuck_since: stuckSince === null ? null : isoSeconds(stuckSince),
    attempts: attempt,
    next_attempt_at: work.wakeAt === null ? null : isoSeconds(work.wakeAt),
    supplier_ref: supplierRef,
  };
}
