// The settings of the hosting processes, read once. No other file of these processes reads the environment.
import { count, databaseOf, readConfig, type Contradiction } from '@lumi/shared/runtime';
import { serviceConfig, serviceContradictions } from '@lumi/shared/service';
import { z } from 'zod';

/** The settings that only hosting has. */
export const vpsSettings = z.object({
  GRACE_HOURS: count(48, 8_760).describe('An expired server keeps running this long.'),
  TERMINATE_AFTER_HOURS: count(336, 8_760).describe(
    'After expiry; until then a renewal brings a suspended server back.',
  ),
  UNDELETE_HOURS: count(72, 8_760).describe('A deleted server can be brought back this long.'),
  SANDBOX_CREATE_MS: count(3_000, 3_600_000).describe('How long the sandbox takes to make a server.'),
  SANDBOX_ACTION_MS: count(1_000, 3_600_000).describe('How long the sandbox takes for anything else.'),
});

export type VpsSettings = z.output<typeof vpsSettings>;

const graceEndsFirst: Contradiction<VpsSettings> = ({ GRACE_HOURS: grace, TERMINATE_AFTER_HOURS: end }) =>
  grace !== undefined && end !== undefined && grace > end
    ? {
        name: 'GRACE_HOURS',
        message: `is ${String(grace)}, but TERMINATE_AFTER_HOURS ${String(end)}: a server would end while it runs on`,
      }
    : null;

const vpsConfig = serviceConfig.extend({ ...vpsSettings.shape, ...databaseOf('lumi_vps') });

export function readVpsConfig(): z.output<typeof vpsConfig> {
  return readConfig(vpsConfig, process.env, [...serviceContradictions, graceEndsFirst]);
}
