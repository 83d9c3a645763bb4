// The settings of the proxy service and its worker. No other file reads the environment.
import { count, readConfig } from '@lumi/shared/runtime';
import { serviceConfig } from '@lumi/shared/service';

const proxySettings = serviceConfig.extend({
  // Recovery stops a call after a third of the order's lease (8.3 s). A call that always takes longer could never be
  // recovered.
  SANDBOX_SLOW_MS: count(2_000, 8_000).describe('How long the ending `slow` of the sandbox network takes.'),
});

export function loadConfig() {
  return readConfig(proxySettings, process.env);
}
