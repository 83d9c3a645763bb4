import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import {
  type SettingsDeps,
  AUTO_RENEW_TAG,
  SETTINGS_DESCRIPTION,
  settingsSchema,
  settingsNow,
} from './auto-renew-settings-view';

export function getAutoRenewSettings(deps: SettingsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-auto-renew-settings',
      method: 'GET',
      path: '/auto-renew-settings',
      summary: 'Show how renewals are made',
      tag: AUTO_RENEW_TAG.name,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: `${SETTINGS_DESCRIPTION}They are the account’s for this product.`,
      responses: { 200: { description: 'The settings, and what was spent under them.', schema: settingsSchema } },
    }),
    async ({ accountId }) => json(200, await settingsNow(deps, accountId)),
  );
}
