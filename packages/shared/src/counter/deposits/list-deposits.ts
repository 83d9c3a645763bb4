import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, type Cursors } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { bySeq, pageOfRows } from '../listing';
import { DEPOSIT_STATES } from './deposit-row';
import { listDeposits } from './deposit-reads';
import { depositSchema, viewDeposit } from './deposit-view';
import type { DepositDeps } from './reconcile';
import { DEPOSITS_TAG, READ_SCOPES } from './deposit-route';

export function listDepositsEndpoint(deps: DepositDeps & { cursors: Cursors }): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-deposits',
      method: 'GET',
      path: '/deposits',
      summary: 'List deposits',
      tag: DEPOSITS_TAG,
      scope: READ_SCOPES,
      class: 'regular',
      reach: 'account',
      description: 'Newest first; the deposits of all products, since the balance is shared.',
      query: pageQuery.extend({
        status: z.enum(DEPOSIT_STATES).optional().describe('Only deposits in this status.'),
        provider: z.string().max(32).optional().describe('Only deposits of this provider.'),
        reference: z.string().max(128).optional().describe('Only deposits with this reference.'),
      }),
      responses: { 200: { description: 'A page of deposits.', schema: pageOf(depositSchema) } },
    }),
    async ({ reach, query }) => {
      const { status, provider, reference } = query;
      const page = await pageOfRows({
        route: 'list-deposits',
        reach,
        query,
        cursors: deps.cursors,
        read: (at) => listDeposits(deps.db.platform, reach, { status, provider, reference }, at),
        position: bySeq,
        view: viewDeposit,
      });
      return json(200, page);
    },
  );
}
