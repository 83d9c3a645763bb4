import { z } from 'zod';
import { actorOf, noted } from '../../base/audit-log';
import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { parseUsd, usdInput, type Units } from '../../ground/money';
import { PRIORITIES, readSettings, writeSettings, type AutoRenewSettings } from './auto-renew-settings';
import {
  type SettingsDeps,
  AUTO_RENEW_TAG,
  SETTINGS_DESCRIPTION,
  settingsSchema,
  viewSettings,
  settingsNow,
} from './auto-renew-settings-view';

const changeBody = z.object({
  enabled: z.boolean().optional(),
  daily_cap_usd: usdInput.nullable().optional(),
  monthly_cap_usd: usdInput.nullable().optional(),
  max_price_usd: usdInput.nullable().optional(),
  priority: z.enum(PRIORITIES).optional(),
  priority_tags: z.array(z.string().min(1).max(64)).max(20).optional(),
});

export function updateAutoRenewSettings(deps: SettingsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'update-auto-renew-settings',
      method: 'PATCH',
      path: '/auto-renew-settings',
      summary: 'Change how renewals are made',
      tag: AUTO_RENEW_TAG.name,
      scope: 'buy',
      class: 'guarded',
      reach: 'account',
      description:
        `${SETTINGS_DESCRIPTION}Fields that are left out stay as they are; null takes a limit away. The change ` +
        'holds for every renewal that begins after the answer.',
      body: changeBody,
      bodyExample: {
        monthly_cap_usd: '500.00',
        max_price_usd: '40.00',
        priority: 'soonest',
        priority_tags: ['client-a'],
      },
      responses: { 200: { description: 'The settings now.', schema: settingsSchema } },
    }),
    async (context) => {
      const { accountId, body } = context;
      await noted(
        deps.db,
        actorOf(context),
        async (tx) => {
          const before = await readSettings(tx, deps.product, accountId);
          const after = changed(before, body);
          await writeSettings(tx, deps.product, accountId, after, deps.clock.now());
          return { before, after };
        },
        ({ before, after }) => [
          {
            action: 'auto_renew_settings.update',
            subject: accountId,
            accountId,
            before: viewSettings(before),
            after: viewSettings(after),
          },
        ],
      );
      return json(200, await settingsNow(deps, accountId));
    },
  );
}

function changed(before: AutoRenewSettings, body: z.output<typeof changeBody>): AutoRenewSettings {
  const amount = (wanted: string | null | undefined, old: Units | null): Units | null =>
    wanted === undefined ? old : wanted === null ? null : parseUsd(wanted);
  return {
    ...before,
    enabled: body.enabled ?? before.enabled,
    priority: body.priority ?? before.priority,
    priorityTags: body.priority_tags ?? before.priorityTags,
    dailyCap: amount(body.daily_cap_usd, before.dailyCap),
    monthlyCap: amount(body.monthly_cap_usd, before.monthlyCap),
    maxPrice: amount(body.max_price_usd, before.maxPrice),
  };
}
