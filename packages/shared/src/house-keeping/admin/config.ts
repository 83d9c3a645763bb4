// The settings of the `lumi` command, read once.
import { z } from 'zod';
import { databaseOf, readConfig, secretRing } from '../../ground/runtime';

const adminConfig = z.object({
  DATABASE_URL: databaseOf('lumi_admin').DATABASE_URL,
  KEY_PEPPERS: secretRing(32).describe('Peppers of key digests; the same as of gateway and services.'),
  SECRET_RING: secretRing(32).describe('Keys that seal signing secrets; the same as of gateway and services.'),
});

export type AdminConfig = z.output<typeof adminConfig>;

export function readAdminConfig(env: Readonly<Record<string, string | undefined>>): AdminConfig {
  return readConfig(adminConfig, env);
}

export function readAdminEnvironment(): AdminConfig {
  return readAdminConfig(process.env);
}
