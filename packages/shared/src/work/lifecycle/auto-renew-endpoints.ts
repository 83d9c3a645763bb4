// GET and PATCH /auto-renew-settings.
import type { Endpoint } from '../../counter/endpoint';
import type { SettingsDeps } from './auto-renew-settings-view';
import { getAutoRenewSettings } from './get-auto-renew-settings';
import { updateAutoRenewSettings } from './update-auto-renew-settings';

export function autoRenewEndpoints(deps: SettingsDeps): Endpoint[] {
  return [getAutoRenewSettings(deps), updateAutoRenewSettings(deps)];
}
