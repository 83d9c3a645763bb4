// The settings of the domains processes, read once. No other file of these processes reads the environment.
import { count, databaseOf, readConfig } from '@lumi/shared/runtime';
import { serviceConfig, serviceContradictions } from '@lumi/shared/service';
import { z } from 'zod';

/** The settings that only domains has. */
export const domainsSettings = z.object({
  // Recovery stops a call after a third of the order's lease (8.3 s). A call that always takes longer could never be
  // recovered.
  SANDBOX_TIMEOUT_MS: count(3_000, 8_000).describe(
    'How long the magic names `timeout-…` keep us waiting at the sandbox registrar.',
  ),
  SANDBOX_SLOW_MS: count(1_500, 8_000).describe('How long the magic name `slow-…` takes.'),
});

export type DomainsSettings = z.output<typeof domainsSettings>;

const domainsConfig = serviceConfig.extend({ ...domainsSettings.shape, ...databaseOf('lumi_domains') });

export function readDomainsConfig(): z.output<typeof domainsConfig> {
  return readConfig(domainsConfig, process.env, serviceContradictions);
}
