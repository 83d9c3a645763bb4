// The view of the settings of automatic renewals.
import { z } from 'zod';
import type { Product } from '../../ground/contract';
import type { Service } from '../../house-keeping/process';
import { formatUsd, usdOutput, type Units } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';
import { PRIORITIES, readSettings, type AutoRenewSettings } from './auto-renew-settings';

export type SettingsDeps = Pick<Service, 'product' | 'db' | 'clock'>;

export const AUTO_RENEW_TAG = {
  name: 'Renewals',
  description: 'What renews itself, within which limits, and what is due.',
} as const;

export const settingsSchema = z
  .object({
    user_id: z.string(),
    enabled: z.boolean().describe('Off: nothing renews itself, whatever `auto_renew` of a thing says.'),
    daily_cap_usd: usdOutput.nullable().describe('The most that renewals may cost in a UTC day; null without a limit.'),
    monthly_cap_usd: usdOutput.nullable().describe('The same for a calendar month.'),
    max_price_usd: usdOutput.nullable().describe('A renewal that costs more is not made.'),
    priority: z.enum(PRIORITIES).describe('What comes first when the balance or a cap does not cover all that is due.'),
    priority_tags: z
      .array(z.string())
      .describe('Things with the first of these tags come before all others, then those with the second …'),
    spent_today_usd: usdOutput,
    spent_this_month_usd: usdOutput,
    updated_at: z.string().nullable().describe('Null while nothing was ever set.'),
  })
  .meta({ id: 'AutoRenewSettings' });

export const SETTINGS_DESCRIPTION =
  'Automatic renewals have their own limits. They continue when the key that switched them on is gone, and do not ' +
  'count towards the daily cap of any key. ';

export async function settingsNow(
  deps: { readonly db: SettingsDeps['db']; readonly product: Product },
  accountId: string,
): Promise<z.output<typeof settingsSchema>> {
  const settings = await readSettings(deps.db.platform, deps.product, accountId);
  return {
    user_id: accountId,
    ...viewSettings(settings),
    spent_today_usd: formatUsd(settings.spentToday),
    spent_this_month_usd: formatUsd(settings.spentThisMonth),
    updated_at: settings.updatedAt === null ? null : isoSeconds(settings.updatedAt),
  };
}

export function viewSettings(settings: AutoRenewSettings) {
  const usd = (units: Units | null): string | null => (units === null ? null : formatUsd(units));
  return {
    enabled: settings.enabled,
    daily_cap_usd: usd(settings.dailyCap),
    monthly_cap_usd: usd(settings.monthlyCap),
    max_price_usd: usd(settings.maxPrice),
    priority: settings.priority,
    priority_tags: [...settings.priorityTags],
  };
}
