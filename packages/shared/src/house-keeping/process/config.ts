// The settings every service and worker shares; a product's own config.ts extends this schema and reads the
// environment.
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import { readNetworks } from '../../base/egress';
import { parseUsd, usdInput } from '../../ground/money';
import { baseConfig, count, databaseOf, flag, readConfig, secretRing, type Contradiction } from '../../ground/runtime';

const CURVE = 'P-256';

const publicKeys = z.string().transform((text, context) => {
  try {
    // Judged by the next lines.
    const jwks = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as { keys: JsonWebKey[] };
    const areRight = jwks.keys.every(
      (key) => key.d === undefined && key.crv === CURVE && createPublicKey({ key, format: 'jwk' }).type === 'public',
    );
    if (areRight && jwks.keys.length > 0) return jwks;
  } catch {
    // Said below.
  }
  context.addIssue({ code: 'custom', message: 'must be the base64 of a JWKS document with public keys (P-256) only' });
  return z.NEVER;
});

const DELAY_MAX_S = 86_400;
const DELAYS_MAX = 20;

/** `0,5,300`. */
const delays = (byDefault: string) =>
  z
    .string()
    .regex(/^\d{1,5}(,\d{1,5})*$/, 'must be whole numbers of seconds with commas between')
    .default(byDefault)
    .transform((text) => text.split(',').map(Number))
    .refine((all) => all.length <= DELAYS_MAX, `must be at most ${String(DELAYS_MAX)} numbers`)
    .refine((all) => all.every((one) => one <= DELAY_MAX_S), `must be ${String(DELAY_MAX_S)} or less each`);

export const serviceConfig = baseConfig.extend({
  ADMIN_DATABASE_URL: databaseOf('lumi_admin').DATABASE_URL.describe(
    'The same database, as lumi_admin: for operators’ routes and the check of the books alone.',
  ),
  IDENTITY_PUBLIC_KEYS: publicKeys.describe('Public keys of the gateway; several while rotating.'),
  KEY_PEPPERS: secretRing(32).describe('Peppers of key digests.'),
  SECRET_RING: secretRing(32).describe('Keys that seal signing secrets.'),
  CURSOR_SECRET: z
    .string()
    .min(32, 'must have 32 characters or more')
    .describe('Signs page cursors; changing it only invalidates open pages.'),
  PUBLIC_URL: z
    .url('must be a URL such as https://api.example.com')
    .transform((url) => url.replace(/\/$/, ''))
    .describe('Where callers reach the gateway, without a trailing slash.'),
  API_MONEY_ENABLED: flag(false).describe('Shown by /me; enforced by the gateway.'),
  DEFAULT_DAILY_CAP_USD: usdInput
    .optional()
    .transform((text) => (text === undefined ? null : parseUsd(text)))
    .describe('Cap of keys that have none of their own.'),
  SANDBOX_PAYMENTS: flag(false).describe(
    'Offers the provider `sandbox`, whose pay page credits test money. Never where a balance is worth money.',
  ),
  CRYPTO_PAY_URL: z.url('must be a URL').optional().describe('Crypto Pay API; absent switches the provider off.'),
  CRYPTO_PAY_TOKEN: z.string().min(1).optional(),
  WEBHOOK_RETRY_S: delays('0,5,300,1800,7200,18000,36000,50400,72000,86400').describe(
    'Seconds before each attempt of a webhook, the first included.',
  ),
  WEBHOOK_TIMEOUT_MS: count(15_000, 60_000).describe('Of an attempt, from connecting to the last byte of the answer.'),
  WEBHOOK_ALLOW_NETWORKS: z
    .string()
    .default('')
    .superRefine((text, context) => {
      const { reason } = readNetworks(text);
      if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
    })
    .describe('Networks that webhooks may reach although they are not public; scheme and port are free there too.'),
});

export type ServiceConfig = z.output<typeof serviceConfig>;

/** Of every service; a product may have more. */
export const serviceContradictions: readonly Contradiction<ServiceConfig>[] = [
  (given) =>
    given.CRYPTO_PAY_URL !== undefined && 'CRYPTO_PAY_TOKEN' in given && given.CRYPTO_PAY_TOKEN === undefined
      ? { name: 'CRYPTO_PAY_TOKEN', message: 'is missing although CRYPTO_PAY_URL is given; the provider needs both' }
      : null,
  (given) =>
    given.CRYPTO_PAY_TOKEN !== undefined && 'CRYPTO_PAY_URL' in given && given.CRYPTO_PAY_URL === undefined
      ? { name: 'CRYPTO_PAY_URL', message: 'is missing although CRYPTO_PAY_TOKEN is given; the provider needs both' }
      : null,
  (given) =>
    given.SANDBOX_PAYMENTS === true && isRealCryptoPay(given.CRYPTO_PAY_URL)
      ? {
          name: 'SANDBOX_PAYMENTS',
          message: 'credits test money beside the real provider of CRYPTO_PAY_URL; switch one of them off',
        }
      : null,
];

/** The double and the provider's own test network take test coins; only the real host takes money. */
export function isRealCryptoPay(url: string | undefined): boolean {
  return url !== undefined && new URL(url).hostname === 'pay.crypt.bot';
}

const ownerConfig = z.object({
  DATABASE_URL: databaseOf('its owner').DATABASE_URL.describe('The database, as its owner, without a pooler between.'),
});
const rolePassword = z.string().min(8, 'must have at least 8 characters');
const platformOwnerConfig = ownerConfig.extend({
  LUMI_GATEWAY_PASSWORD: rolePassword.describe('The password that the role lumi_gateway gets; so the others.'),
  LUMI_DOMAINS_PASSWORD: rolePassword,
  LUMI_VPS_PASSWORD: rolePassword,
  LUMI_PROXY_PASSWORD: rolePassword,
  LUMI_ADMIN_PASSWORD: rolePassword,
});

/** What the command `migrate` needs for a product's schema. */
export function readOwnerConfig(): z.output<typeof ownerConfig> {
  return readConfig(ownerConfig, process.env);
}

/** The same for the platform's schema, whose step makes the roles. */
export function readPlatformOwnerConfig(): z.output<typeof platformOwnerConfig> {
  return readConfig(platformOwnerConfig, process.env);
}
