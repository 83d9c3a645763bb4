// An operator's correction of a balance: claim, ledger lines and stored answer commit together or not at all.
import { z } from 'zod';
import type { Act } from '../../base/audit-log';
import { defineRoute } from '../../ground/contract';
import { endpoint, type Endpoint } from '../../counter/endpoint';
import { adjustWallet, noteMoneyStep } from '../../base/ledger';
import { formatUsd, parseUsd, usdOutput, usdSignedInput, type Units } from '../../ground/money';
import { administer } from './administer';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { userParams } from './user-view';

export const adjustmentAmount = usdSignedInput
  .refine((text) => !/^-?0(\.0+)?$/.test(text), 'must not be zero')
  .describe('What to add; negative to take away. Never more than is available.');
export const adjustmentReason = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')
  .describe('Why. The account reads it in its transactions.');

export function adjustUser(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'adjust-user',
      method: 'POST',
      path: '/admin/users/{user_id}/adjust',
      summary: 'Adjust a balance',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'money',
      reach: 'none',
      keepsUserId: true,
      description:
        'Adds to or takes from the balance of an account, with an entry that cannot be changed later; a ' +
        'mistake is corrected by the opposite adjustment. Taking more than is available is `402 ' +
        'insufficient_balance`.',
      params: userParams,
      body: z.object({ amount_usd: adjustmentAmount, reason: adjustmentReason }),
      bodyExample: { amount_usd: '25.00', reason: 'Welcome credit' },
      responses: {
        200: {
          description: 'Adjusted.',
          schema: z.object({
            transaction_id: z.string(),
            user_id: z.string(),
            amount_usd: usdOutput,
            balance_usd: usdOutput.describe('The posted balance right after it.'),
          }),
        },
      },
    }),
    async (context) => {
      const {
        claim,
        params: { user_id: accountId },
        body: { amount_usd: amount, reason },
        principal,
      } = context;
      if (claim === null) throw new Error('a money route without dry run always has a claim');
      let isPosted = false;
      const reply = await administer(deps, context, accountId, async (tx) => {
        const adjusted = await adjustWallet(tx, deps.clock, {
          accountId,
          amount: parseUsd(amount),
          reason,
          keyId: principal.keyId,
          product: deps.product,
          idempotencyKey: claim.key,
        });
        isPosted = true;
        return {
          status: 200,
          body: {
            transaction_id: adjusted.transferId,
            user_id: accountId,
            amount_usd: formatUsd(parseUsd(amount)),
            balance_usd: formatUsd(adjusted.balance),
          },
          act: adjustmentAct(accountId, parseUsd(amount), reason, adjusted),
        };
      });
      // Only now, because a transaction may be rolled back and run again.
      if (isPosted) noteMoneyStep({ product: deps.product, kind: 'adjustment' }, 'adjusted');
      return reply;
    },
  );
}

export function adjustmentAct(
  accountId: string,
  amount: Units,
  reason: string,
  { transferId, balance }: { transferId: string; balance: Units },
): Act {
  return {
    action: 'user.adjust',
    subject: transferId,
    accountId,
    before: { balance_usd: formatUsd(balance - amount) },
    after: { balance_usd: formatUsd(balance), amount_usd: formatUsd(amount), reason },
  };
}
