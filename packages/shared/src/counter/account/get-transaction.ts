import { z } from 'zod';
import { defineRoute, isId, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { AccountDeps } from './deps';
import { findTransaction } from './transaction-store';
import { transactionSchema, viewTransaction } from './transaction-view';

export function getTransaction(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-transaction',
      method: 'GET',
      path: '/transactions/{id}',
      summary: 'Get a transaction',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'One posted line of the balance.',
      params: z.object({
        id: z
          .string()
          .refine((id) => isId(id, 'trf'))
          .describe('The id of the transaction.'),
      }),
      responses: { 200: { description: 'The transaction.', schema: transactionSchema } },
    }),
    async ({ reach, params, principal }) => {
      const transaction = await findTransaction(deps.db.platform, reach, params.id);
      if (transaction === null) throw notFound();
      return json(200, viewTransaction(principal)(transaction));
    },
  );
}
