// The settings of the proxy processes, read once. No other file of these processes reads the environment.
import { count, databaseOf, readConfig } from '@lumi/shared/runtime';
import { serviceConfig, serviceContradictions } from '@lumi/shared/service';
import { z } from 'zod';

/** The settings that only proxy has. */
export const proxySettings = z.object({
  // Recovery stops a call after a third of the order's lease (8.3 s). A call that always takes longer could never be
  // recovered.
  SANDBOX_SLOW_MS: count(2_000, 8_000).describe('How long the ending `slow` of the sandbox network takes.'),
});

export type ProxySettings = z.output<typeof proxySettings>;

const proxyConfig = serviceConfig.extend({ ...proxySettings.shape, ...databaseOf('lumi_proxy') });

export function readProxyConfig(): z.output<typeof proxyConfig> {
  return readConfig(proxyConfig, process.env, serviceContradictions);
}
