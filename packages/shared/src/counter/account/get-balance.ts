import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { BALANCE_EXAMPLE, balanceNow, balanceSchema } from './balance-view';
import type { AccountDeps } from './deps';

export function getBalance(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-balance',
      method: 'GET',
      path: '/balance',
      summary: 'Get the balance',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'One balance for all products. Operator keys must name `user_id`.',
      responses: { 200: { description: 'The balance.', schema: balanceSchema, example: BALANCE_EXAMPLE } },
    }),
    async ({ accountId }) => json(200, await balanceNow(deps, accountId)),
  );
}
