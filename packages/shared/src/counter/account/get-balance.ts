import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { readBalance } from '../../base/ledger';
import { autoRenewDue } from '../../work/lifecycle';
import { formatUsd, usdOutput } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';
import { DAY_MS } from '../../ground/times';
import type { AccountDeps } from './deps';

const balanceSchema = z
  .object({
    user_id: z.string(),
    balance_usd: usdOutput.describe('The sum of all posted transactions.'),
    held_usd: usdOutput.describe('Reserved for purchases that are not finished.'),
    available_usd: usdOutput.describe('What a purchase can spend: balance less held.'),
    auto_renew_due_30d_usd: usdOutput.describe('What renews itself within 30 days, over all products.'),
    updated_at: z.string(),
  })
  .meta({ id: 'Balance' });

const AUTO_RENEW_DAYS = 30;

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
      responses: {
        200: {
          description: 'The balance.',
          schema: balanceSchema,
          example: {
            user_id: 'usr_01k000000000000000000000',
            balance_usd: '100.00',
            held_usd: '9.99',
            available_usd: '90.01',
            auto_renew_due_30d_usd: '11.50',
            updated_at: '2026-06-09T12:00:00Z',
          },
        },
      },
    }),
    async ({ accountId }) => {
      const until = new Date(deps.clock.nowMs() + AUTO_RENEW_DAYS * DAY_MS);
      const [balance, due] = await Promise.all([
        readBalance(deps.db.platform, accountId),
        autoRenewDue(deps.db.platform, accountId, until),
      ]);
      return json(200, {
        user_id: accountId,
        balance_usd: formatUsd(balance.posted),
        held_usd: formatUsd(balance.held),
        available_usd: formatUsd(balance.available),
        auto_renew_due_30d_usd: formatUsd(due),
        updated_at: isoSeconds(balance.updatedAt),
      });
    },
  );
}
