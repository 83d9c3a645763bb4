// The settings of `lumi doctor`: those of the lumi command, and of all else that it looks at.
import { z } from 'zod';
import { baseConfig, databaseOf, flag, secretRing } from '../../ground/runtime';

const url = z.url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' });

export const doctorSettings = z.object({
  DATABASE_URL: databaseOf('lumi_admin').DATABASE_URL,
  KEY_PEPPERS: secretRing(32).optional(),
  SECRET_RING: secretRing(32).optional(),
  REDIS_URL: baseConfig.shape.REDIS_URL,
  REDIS_PREFIX: baseConfig.shape.REDIS_PREFIX,
  PUBLIC_URL: url.optional().describe('The gateway, as callers reach it.'),
  DOMAINS_URL: url.optional(),
  VPS_URL: url.optional(),
  PROXY_URL: url.optional(),
  CRYPTO_PAY_URL: url.optional(),
  CRYPTO_PAY_TOKEN: z.string().min(1).optional(),
  LUMI_DATA_DIR: z.string().optional().describe('The data folder, where there is one.'),
  LUMI_STOPPED: flag(false).describe('On: no process of Lumi runs, so waiting work is no fault.'),
  NODE_EXTRA_CA_CERTS: z.string().optional().describe('More certificates that this process trusts.'),
});

export type DoctorSettings = z.output<typeof doctorSettings>;

export function doctorEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}
