// The balance as the API shows it.
import { z } from 'zod';
import { readBalance } from '../../base/ledger';
import { formatUsd, usdOutput } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';
import { DAY_MS } from '../../ground/times';
import { autoRenewDue } from '../../work/lifecycle';
import type { AccountDeps } from './deps';

const AUTO_RENEW_DAYS = 30;

export const balanceSchema = z
  .object({
    user_id: z.string(),
    balance_usd: usdOutput.describe('The sum of all posted transactions.'),
    held_usd: usdOutput.describe('Reserved for purchases that are not finished.'),
    available_usd: usdOutput.describe('What a purchase can spend: balance less held.'),
    auto_renew_due_30d_usd: usdOutput.describe('What renews itself within 30 days, over all products.'),
    low_balance_usd: usdOutput
      .nullable()
      .describe('The event `balance.low` is written when less than this is available. Null: never.'),
    updated_at: z.string(),
  })
  .meta({ id: 'Balance' });

export const BALANCE_EXAMPLE = {
  user_id: 'usr_01k000000000000000000000',
  balance_usd: '100.00',
  held_usd: '9.99',
  available_usd: '90.01',
  auto_renew_due_30d_usd: '11.50',
  low_balance_usd: '25.00',
  updated_at: '2026-06-09T12:00:00Z',
};

export async function balanceNow(
  { db, clock }: Pick<AccountDeps, 'db' | 'clock'>,
  accountId: string,
): Promise<z.output<typeof balanceSchema>> {
  const until = new Date(clock.nowMs() + AUTO_RENEW_DAYS * DAY_MS);
  const [balance, due] = await Promise.all([
    readBalance(db.platform, accountId),
    autoRenewDue(db.platform, accountId, until),
  ]);
  return {
    user_id: accountId,
    balance_usd: formatUsd(balance.posted),
    held_usd: formatUsd(balance.held),
    available_usd: formatUsd(balance.available),
    auto_renew_due_30d_usd: formatUsd(due),
    low_balance_usd: balance.lowAt === null ? null : formatUsd(balance.lowAt),
    updated_at: isoSeconds(balance.updatedAt),
  };
}
