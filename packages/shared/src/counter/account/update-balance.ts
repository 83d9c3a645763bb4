// Raw SQL: a function, which alone may write the wallet.
import { z } from 'zod';
import { defineRoute, notFound } from '../../ground/contract';
import { parseUsd, usdInput } from '../../ground/money';
import { sql } from '../../base/db';
import { endpoint, json, type Endpoint } from '../endpoint';
import { BALANCE_EXAMPLE, balanceNow, balanceSchema } from './balance-view';
import type { AccountDeps } from './deps';

export function updateBalance(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'update-balance',
      method: 'PATCH',
      path: '/balance',
      summary: 'Set when the balance counts as low',
      tag: 'Account',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'The event `balance.low` is written each time that what is available falls below the amount. It is one ' +
        'amount for all products.',
      body: z.object({ low_balance_usd: usdInput.nullable().describe('Null: the event is never written.') }),
      bodyExample: { low_balance_usd: '25.00' },
      responses: { 200: { description: 'The balance.', schema: balanceSchema, example: BALANCE_EXAMPLE } },
    }),
    async ({ accountId, body: { low_balance_usd: low } }) => {
      const lowAt = low === null ? null : parseUsd(low);
      const [row] = await deps.db.platform.$queryRaw<{ is_set: boolean }[]>(
        sql`SELECT platform.balance_configure(${accountId}, ${deps.product}, ${lowAt}::bigint) AS is_set`,
      );
      if (row?.is_set !== true) throw notFound();
      return json(200, await balanceNow(deps, accountId));
    },
  );
}
