// The view of a deposit for callers.
import { z } from 'zod';
import { formatUsd, usdOutput } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';
import { DEPOSIT_STATES, type Deposit } from './deposit-row';

export const depositSchema = z
  .object({
    id: z.string().meta({ example: 'dep_01k000000000000000000000' }),
    status: z
      .enum(DEPOSIT_STATES)
      .describe(
        '`created` (being made at the provider), `pending` (waiting for the payment), `credited`, ' +
          '`expired`, `cancelled`, `failed`, `disputed` (a person looks at it); `confirming`, `paid` and ' +
          '`refunded` are reserved.',
      ),
    amount_usd: usdOutput,
    provider: z.string().meta({ example: 'cryptobot' }),
    product: z.string().describe('The product whose key made it; the balance is shared by all products.'),
    asset: z.string().nullable(),
    pay_url: z.string().nullable().describe('Where to pay; null while the status is `created`.'),
    pay_urls: z
      .object({ bot: z.string().optional(), mini_app: z.string().optional(), web: z.string().optional() })
      .nullable(),
    expires_at: z.string().nullable(),
    paid: z
      .object({ at: z.string(), asset: z.string().nullable(), amount: z.string().nullable() })
      .nullable()
      .describe('What arrived at the provider. The credit is always exactly `amount_usd`.'),
    is_late: z.boolean().describe('Paid after it had expired or was cancelled; credited all the same.'),
    failure: z.string().nullable(),
    reference: z.string().nullable(),
    created_at: z.string(),
    settled_at: z.string().nullable(),
  })
  .meta({ id: 'Deposit' });

export type DepositView = z.output<typeof depositSchema>;

export function viewDeposit(deposit: Deposit): DepositView {
  return {
    id: deposit.id,
    status: deposit.state,
    amount_usd: formatUsd(deposit.amount),
    provider: deposit.provider,
    product: deposit.product,
    asset: deposit.asset,
    pay_url: deposit.payUrl,
    pay_urls: deposit.payUrls === null ? null : { ...deposit.payUrls },
    expires_at: deposit.expiresAt === null ? null : isoSeconds(deposit.expiresAt),
    paid:
      deposit.paidAt === null
        ? null
        : { at: isoSeconds(deposit.paidAt), asset: deposit.paidAsset, amount: deposit.paidAmount },
    is_late: deposit.isLate,
    failure: deposit.failure,
    reference: deposit.reference,
    created_at: isoSeconds(deposit.createdAt),
    settled_at: deposit.settledAt === null ? null : isoSeconds(deposit.settledAt),
  };
}
