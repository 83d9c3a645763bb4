// The gateway's settings, read once. No other file of this process reads the environment.
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { PRODUCTS, type Product } from '@lumi/shared/contract';
import { baseConfig, count, databaseOf, flag, readConfig, secretRing, type Contradiction } from '@lumi/shared/runtime';
import { readBlock } from '@lumi/shared/addresses';

const serviceUrl = z
  .string()
  .regex(/^https?:\/\/[^/\s]+\/?$/, 'must be an origin such as http://127.0.0.1:9001')
  .transform((url) => url.replace(/\/$/, ''));

const privateKey = z.string().transform((text, context) => {
  const pem = Buffer.from(text, 'base64').toString('utf8');
  if (pem.startsWith('-----BEGIN PRIVATE KEY-----') && isOnCurve(pem)) return pem;
  context.addIssue({ code: 'custom', message: 'must be the base64 of a PKCS8 PEM private key (P-256)' });
  return z.NEVER;
});

function isOnCurve(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}

/** `domains=api.example.com,vps=panel.example.com`: the hosts on which a product answers. */
const hostBindings = z
  .string()
  .optional()
  .transform((text, context): ReadonlyMap<Product, ReadonlySet<string>> => {
    const bindings = new Map<Product, Set<string>>();
    for (const part of (text ?? '')
      .split(',')
      .map((piece) => piece.trim())
      .filter((piece) => piece !== '')) {
      const [name = '', host = ''] = part.split('=');
      const product = PRODUCTS.find((known) => known === name.trim());
      if (product === undefined || host.trim() === '') {
        context.addIssue({
          code: 'custom',
          message: `'${part}' must look like domains=api.example.com; products are ${PRODUCTS.join(', ')}`,
        });
        return z.NEVER;
      }
      bindings.set(product, (bindings.get(product) ?? new Set()).add(host.trim().toLowerCase()));
    }
    return bindings;
  });

const NAMED_NETWORKS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** `loopback,10.1.0.0/16`: the proxies whose X-Forwarded-For is trusted. */
const trustedProxies = z
  .string()
  .optional()
  .transform((text, context): readonly string[] => {
    const blocks = (text ?? '')
      .split(',')
      .map((piece) => piece.trim())
      .filter((piece) => piece !== '')
      .flatMap((piece) => NAMED_NETWORKS[piece] ?? [piece]);
    const bad = blocks.find((block) => readBlock(block).value === undefined);
    if (bad === undefined) return blocks;
    context.addIssue({ code: 'custom', message: `'${bad}' is neither an address, a CIDR block, loopback nor private` });
    return z.NEVER;
  });

export const gatewaySettings = baseConfig.extend({
  ...databaseOf('lumi_gateway'),
  DATABASE_POOL: count(4, 200).describe('Connections for key look-ups; one more listens for revocations.'),
  DOMAINS_URL: serviceUrl.describe('Where the domains service listens.'),
  VPS_URL: serviceUrl.describe('Where the VPS service listens.'),
  PROXY_URL: serviceUrl.describe('Where the proxy service listens.'),
  IDENTITY_PRIVATE_KEY: privateKey.describe('Signs the identity that services trust; they hold the public half.'),
  KEY_PEPPERS: secretRing(16).describe('Peppers of the key digests; the last is used for new keys, all are tried.'),
  SECRET_RING: secretRing(32).describe('Opens the signing secrets of keys.'),
  API_ENABLED: flag(true).describe('Off: everything but /healthz and /readyz answers 503 api_disabled.'),
  API_MONEY_ENABLED: flag(false).describe(
    'Off: money operations answer 403 money_disabled. Services have the same switch.',
  ),
  HOST_BINDINGS: hostBindings.describe('Binds products to hosts; a product that is not named answers on every host.'),
  TRUST_PROXY: trustedProxies.describe('Proxies whose X-Forwarded-For is trusted; absent: none.'),
  ROUTES_POLL_MS: count(5_000, 600_000).describe(
    'How often the services’ OpenAPI documents are asked for changes; up to four times as seldom while there are none.',
  ),
  UPSTREAM_TIMEOUT_MS: count(60_000, 600_000).describe('How long a service may take to answer.'),
  UPSTREAM_CONNECTIONS: count(128, 2_000).describe('Connections to each service.'),
  SERVICE_CONCURRENCY: count(1_024, 50_000).describe('Requests in flight to one service; beyond that 503.'),
  KEY_CONCURRENCY: count(16, 50_000).describe(
    'Requests of one key in work at a service; further ones wait in its queue.',
  ),
  KEY_QUEUE: count(240, 50_000).describe('Requests of one key that wait for a service; beyond that 429.'),
  ADDRESS_CONNECTIONS: count(512, 10_000).describe(
    'Connections of one address (IPv6: of its /64); proxies of TRUST_PROXY are not counted.',
  ),
  PUBLIC_PER_MINUTE: count(300, 1_000_000).describe(
    'Requests per minute and address that no key answers for: to routes that need none, and what is refused ' +
      'before a key is known.',
  ),
});

const URL_OF = { domains: 'DOMAINS_URL', vps: 'VPS_URL', proxy: 'PROXY_URL' } as const;

export type GatewayConfig = z.output<typeof gatewaySettings>;

/** A service answers for its own product only, whatever the path. */
const addressesDiffer = PRODUCTS.map((product, index): Contradiction<GatewayConfig> => (given) => {
  const name = URL_OF[product];
  const same = PRODUCTS.slice(0, index).find((other) => given[URL_OF[other]] === given[name]);
  return same === undefined || given[name] === undefined
    ? null
    : { name, message: `is the same address as ${URL_OF[same]}; each product has a service of its own` };
});

export function readGatewayConfig(): GatewayConfig {
  return readConfig(gatewaySettings, process.env, addressesDiffer);
}
