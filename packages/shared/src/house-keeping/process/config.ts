// The settings every service and worker shares; a product's own config.ts extends this schema and reads the
// environment.
import type { JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import { parseUsd, usdInput } from '../../ground/money';
import { baseConfig, flag, secretRing } from '../../ground/runtime';

export const serviceConfig = baseConfig.extend({
  ADMIN_DATABASE_URL: z
    .string()
    .startsWith('postgres', 'must be a postgres URL')
    .describe('The same database, as lumi_admin: for operators’ routes and the check of the books alone.'),
  IDENTITY_PUBLIC_KEYS: z
    .string()
    .transform((text, context) => {
      try {
        // the verifier checks it at start
        return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as { keys: JsonWebKey[] };
      } catch {
        context.addIssue({ code: 'custom', message: 'must be the base64 of a JWKS document' });
        return z.NEVER;
      }
    })
    .describe('Public keys of the gateway; several while rotating.'),
  KEY_PEPPERS: secretRing(32).describe('Peppers of key digests.'),
  SECRET_RING: secretRing(32).describe('Keys that seal signing secrets.'),
  CURSOR_SECRET: z.string().min(32).describe('Signs page cursors; changing it only invalidates open pages.'),
  PUBLIC_URL: z
    .url()
    .describe('Where callers reach the gateway, without a trailing slash.')
    .transform((url) => url.replace(/\/$/, '')),
  API_MONEY_ENABLED: flag(false).describe('Shown by /me; enforced by the gateway.'),
  DEFAULT_DAILY_CAP_USD: usdInput
    .optional()
    .transform((text) => (text === undefined ? null : parseUsd(text)))
    .describe('Cap of keys that have none of their own.'),
  SANDBOX_PAYMENTS: flag(false).describe(
    'Offers the provider `sandbox`, whose pay page credits test money. Never where a balance is worth money.',
  ),
  CRYPTO_PAY_URL: z.url().optional().describe('Crypto Pay API; absent switches the provider off.'),
  CRYPTO_PAY_TOKEN: z.string().min(1).optional(),
});

export type ServiceConfig = z.output<typeof serviceConfig>;
