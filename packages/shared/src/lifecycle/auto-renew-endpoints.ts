// GET and PATCH /auto-renew-settings.
import { z } from 'zod';
import { actorOf, noted } from '../audit-log';
import { defineRoute, type Product } from '../contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { Service } from '../frame';
import { formatUsd, parseUsd, usdInput, usdOutput, type Units } from '../money';
import { isoSeconds } from '../runtime';
import { PRIORITIES, readSettings, writeSettings, type AutoRenewSettings } from './auto-renew-settings';

type SettingsDeps = Pick<Service, 'product' | 'db' | 'clock'>;

export const AUTO_RENEW_TAG = { name: 'Renewals', description: 'What renews itself, within which limits, and what is due.' } as const;

const settingsSchema = z.object({
  user_id: z.string(),
  enabled: z.boolean().describe('Off: nothing renews itself, whatever `auto_renew` of a thing says.'),
  daily_cap_usd: usdOutput.nullable().describe('The most that renewals may cost in a UTC day; null without a limit.'),
  monthly_cap_usd: usdOutput.nullable().describe('The same for a calendar month.'),
  max_price_usd: usdOutput.nullable().describe('A renewal that costs more is not made.'),
  priority: z.enum(PRIORITIES).describe('What comes first when the balance or a cap does not cover all that is due.'),
  priority_tags: z.array(z.string()).describe('Things with the first of these tags come before all others, then those with the second …'),
  spent_today_usd: usdOutput,
  spent_this_month_usd: usdOutput,
  updated_at: z.string().nullable().describe('Null while nothing was ever set.'),
}).meta({ id: 'AutoRenewSettings' });

const changeBody = z.object({
  enabled: z.boolean().optional(),
  daily_cap_usd: usdInput.nullable().optional(),
  monthly_cap_usd: usdInput.nullable().optional(),
  max_price_usd: usdInput.nullable().optional(),
  priority: z.enum(PRIORITIES).optional(),
  priority_tags: z.array(z.string().min(1).max(64)).max(20).optional(),
});

const description = 'Renewals that Lumi makes by itself have limits of their own: they go on when the key that asked for them is gone, and do not count towards the daily cap of any key. ';

export function autoRenewEndpoints(deps: SettingsDeps): Endpoint[] {
  return [
    endpoint(
      defineRoute({
        id: 'get-auto-renew-settings', method: 'GET', path: '/auto-renew-settings', summary: 'Show how renewals are made', tag: AUTO_RENEW_TAG.name, scope: 'read', class: 'regular', reach: 'account',
        description: `${description}They are the account’s for this product.`,
        responses: { 200: { description: 'The settings, and what was spent under them.', schema: settingsSchema } },
      }),
      async ({ accountId }) => json(200, await viewOf(deps, accountId)),
    ),
    endpoint(
      defineRoute({
        id: 'update-auto-renew-settings', method: 'PATCH', path: '/auto-renew-settings', summary: 'Change how renewals are made', tag: AUTO_RENEW_TAG.name, scope: 'buy', class: 'guarded', reach: 'account',
        description: `${description}Fields that are left out stay as they are; null takes a limit away. The change holds for every renewal that begins after the answer.`,
        body: changeBody, bodyExample: { monthly_cap_usd: '500.00', max_price_usd: '40.00', priority: 'soonest', priority_tags: ['client-a'] },
        responses: { 200: { description: 'The settings now.', schema: settingsSchema } },
      }),
      async (context) => {
        const { accountId, body } = context;
        await noted(deps.db, actorOf(context), async (tx) => {
          const before = await readSettings(tx, deps.product, accountId);
          const after = changed(before, body);
          await writeSettings(tx, deps.product, accountId, after, deps.clock.now());
          return { before, after };
        }, ({ before, after }) => [{ action: 'auto_renew_settings.update', subject: accountId, accountId, before: viewSettings(before), after: viewSettings(after) }]);
        return json(200, await viewOf(deps, accountId));
      },
    ),
  ];
}

function changed(before: AutoRenewSettings, body: z.output<typeof changeBody>): AutoRenewSettings {
  const amount = (wanted: string | null | undefined, old: Units | null): Units | null => (wanted === undefined ? old : wanted === null ? null : parseUsd(wanted));
  return {
    ...before, enabled: body.enabled ?? before.enabled, priority: body.priority ?? before.priority, priorityTags: body.priority_tags ?? before.priorityTags,
    dailyCap: amount(body.daily_cap_usd, before.dailyCap), monthlyCap: amount(body.monthly_cap_usd, before.monthlyCap), maxPrice: amount(body.max_price_usd, before.maxPrice),
  };
}

async function viewOf(deps: { readonly db: SettingsDeps['db']; readonly product: Product }, accountId: string): Promise<z.output<typeof settingsSchema>> {
  const settings = await readSettings(deps.db.platform, deps.product, accountId);
  return {
    user_id: accountId, ...viewSettings(settings), spent_today_usd: formatUsd(settings.spentToday), spent_this_month_usd: formatUsd(settings.spentThisMonth),
    updated_at: settings.updatedAt === null ? null : isoSeconds(settings.updatedAt),
  };
}

function viewSettings(settings: AutoRenewSettings) {
  const usd = (units: Units | null): string | null => (units === null ? null : formatUsd(units));
  return {
    enabled: settings.enabled, daily_cap_usd: usd(settings.dailyCap), monthly_cap_usd: usd(settings.monthlyCap), max_price_usd: usd(settings.maxPrice),
    priority: settings.priority, priority_tags: [...settings.priorityTags],
  };
}
