// The processes of Lumi, in the order in which they start, with the settings of each. A process gets the secrets it
// needs and no others. A setting may be a promise, if its value is known only after another process has started.
import { join } from 'node:path';
import { bundled } from '../../../scripts/bundle.mjs';

export const PRODUCTS = ['domains', 'vps', 'proxy'];
export const BASE_PATHS = { domains: '/api/v1', vps: '/hosting/api/v1', proxy: '/proxy/api/v1' };

export function cryptoPayDouble({ options, secrets, publicUrl }) {
  return {
    name: 'crypto-pay-double',
    script: bundled(options.root, 'packages/crypto-pay-double/dist/server'),
    env: {
      ...options.surroundings,
      HOST: '127.0.0.1',
      DATA_DIR: join(options.folder, 'crypto-pay'),
      CRYPTO_PAY_TOKEN: secrets.cryptoPayToken,
      WEBHOOK_URL: `${publicUrl}${BASE_PATHS.domains}/hooks/payments/cryptobot`,
    },
  };
}

/** `shared` is a promise. */
export function service(product, { root, shared }) {
  return {
    name: product,
    script: bundled(root, `services/${product}/dist/server`),
    env: shared.then((known) => productEnv(product, known)),
  };
}

export function worker(product, shared) {
  return {
    name: `${product}-worker`,
    script: bundled(shared.options.root, `services/${product}/dist/worker`),
    env: productEnv(product, shared),
  };
}

/** `known` is a promise. */
export function gateway({ root, known }) {
  return { name: 'gateway', script: bundled(root, 'gateway/dist/server'), env: known.then(gatewayEnv) };
}

function gatewayEnv({ options, secrets, urlOf, serviceUrls, publicUrl, port }) {
  return {
    ...common(options, urlOf('lumi_gateway')),
    ...options.handedThrough('gateway'),
    HOST: options.host,
    PORT: String(port),
    PUBLIC_URL: publicUrl,
    DOMAINS_URL: serviceUrls.domains,
    VPS_URL: serviceUrls.vps,
    PROXY_URL: serviceUrls.proxy,
    IDENTITY_PRIVATE_KEY: secrets.identityPrivateKey,
    KEY_PEPPERS: secrets.keyPeppers,
    SECRET_RING: secrets.secretRing,
    API_MONEY_ENABLED: options.isMoneyEnabled,
  };
}

function productEnv(product, { options, secrets, urlOf, publicUrl, cryptoPayUrl }) {
  return {
    ...common(options, urlOf(`lumi_${product}`)),
    // The default set-up is a sandbox: money is on, and the pay page of the provider `sandbox` credits test money.
    SANDBOX_PAYMENTS: 'true',
    ...options.handedThrough(product),
    ADMIN_DATABASE_URL: urlOf('lumi_admin'),
    PORT: '0',
    PUBLIC_URL: publicUrl,
    IDENTITY_PUBLIC_KEYS: secrets.identityPublicKeys,
    KEY_PEPPERS: secrets.keyPeppers,
    SECRET_RING: secrets.secretRing,
    CURSOR_SECRET: secrets.cursorSecret,
    API_MONEY_ENABLED: options.isMoneyEnabled,
    CRYPTO_PAY_URL: cryptoPayUrl,
    CRYPTO_PAY_TOKEN: secrets.cryptoPayToken,
  };
}

function common(options, databaseUrl) {
  return {
    ...options.surroundings,
    ...options.handedThrough('all'),
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
  };
}
