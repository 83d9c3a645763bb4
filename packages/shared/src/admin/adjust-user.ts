// An operator's correction of a balance: claim, ledger lines and stored answer commit together or not at all.
import { z } from 'zod';
import { defineRoute } from '../contract';
import { inTransaction, type Tx } from '../db';
import { endpoint, type Endpoint } from '../endpoint';
import { claimInTransaction, finishClaim, type Claim } from '../idempotency';
import { adjustWallet } from '../ledger';
import { formatUsd, parseUsd, usdOutput, usdSignedInput, type Units } from '../money';
import { purchaseReply, storedAnswer, type PurchaseAnswer } from '../purchase';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { userParams } from './user-view';

export const adjustmentAmount = usdSignedInput.refine((text) => !/^-?0(\.0+)?$/.test(text), 'must not be zero').describe('What to add; negative to take away. Never more than is available.');
export const adjustmentReason = z.string().trim().min(1, 'must not be empty').max(200).regex(/^[^\p{Cc}]*$/u, 'must not contain control characters').describe('Why. The account reads it in its transactions.');

export function adjustUser(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'adjust-user', method: 'POST', path: '/admin/users/{user_id}/adjust', summary: 'Adjust a balance', tag: ADMIN_TAG, scope: 'admin:*', class: 'money', reach: 'none', keepsUserId: true,
      description: 'Adds to or takes from the balance of an account, with an entry that cannot be changed later; a mistake is corrected by the opposite adjustment. Taking more than is available is `402 insufficient_balance`.',
      params: userParams,
      body: z.object({ amount_usd: adjustmentAmount, reason: adjustmentReason }), bodyExample: { amount_usd: '25.00', reason: 'Welcome credit' },
      responses: {
        200: {
          description: 'Adjusted.',
          schema: z.object({ transaction_id: z.string(), user_id: z.string(), amount_usd: usdOutput, balance_usd: usdOutput.describe('The posted balance right after it.') }),
        },
      },
    }),
    async ({ claim, params, body, principal }) => {
      if (claim === null) throw new Error('a money route without dry run always has a claim');
      const wanted = { accountId: params.user_id, amount: parseUsd(body.amount_usd), reason: body.reason, keyId: principal.keyId };
      return purchaseReply(await inTransaction(deps.admin, (tx) => adjust(tx, deps, claim, wanted)));
    },
  );
}

async function adjust(tx: Tx, deps: AdminDeps, claim: Claim, wanted: { accountId: string; amount: Units; reason: string; keyId: string }): Promise<PurchaseAnswer> {
  const twin = await claimInTransaction(tx, claim, wanted.accountId);
  if (twin !== null) return storedAnswer(twin);
  const { transferId, balance } = await adjustWallet(tx, deps.clock, { ...wanted, product: deps.product, idempotencyKey: claim.key });
  const bytes = Buffer.from(JSON.stringify({ transaction_id: transferId, user_id: wanted.accountId, amount_usd: formatUsd(wanted.amount), balance_usd: formatUsd(balance) }), 'utf8');
  await finishClaim(tx, claim, { status: 200, body: bytes, location: null });
  return { status: 200, bytes, location: null, replayOf: null, order: null, error: null };
}
