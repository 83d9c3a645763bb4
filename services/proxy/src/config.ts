// The settings of the proxy service and its worker; nobody else reads the environment.
import { count, readConfig } from '@lumi/shared/runtime';
import { serviceConfig } from '@lumi/shared/service';

const proxySettings = serviceConfig.extend({
  // Recovery cuts a call off after a third of the order's lease (8.3 s): what took longer could be recovered never.
  SANDBOX_SLOW_MS: count(2_000, 8_000).describe('How long the ending `slow` of the sandbox network takes.'),
});

export function loadConfig() {
  return readConfig(proxySettings, process.env);
}
