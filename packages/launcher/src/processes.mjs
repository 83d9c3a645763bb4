// The processes of Lumi, in the order in which they start, with the settings of each. A process gets the secrets it
// needs and no others. A setting may be a promise, if its value is known only after another process has started.
import { join } from 'node:path';
import { bundled } from '../../../scripts/bundle.mjs';

/** @typedef {import('./options.mjs').Env} Env */
/** @typedef {import('./options.mjs').Options} Options */
/** @typedef {import('./options.mjs').Product} Product */
/** @typedef {import('./secrets.mjs').Secrets} Secrets */
/**
 * @typedef {object} Told a process to start
 * @property {string} name
 * @property {string} script
 * @property {Env | Promise<Env>} env
 */
/**
 * @typedef {object} Shared what the settings of products are made of
 * @property {Options} options
 * @property {Secrets} secrets
 * @property {(role: import('@lumi/shared/db').Role) => string} urlOf
 * @property {string} publicUrl
 * @property {string} cryptoPayUrl
 */
/** @typedef {Shared & { readonly port: number; readonly serviceUrls: Readonly<Record<Product, string>> }} AllKnown */

/** @type {readonly Product[]} */
export const PRODUCTS = ['domains', 'vps', 'proxy'];
/** @type {Readonly<Record<Product, string>>} */
export const BASE_PATHS = { domains: '/api/v1', vps: '/hosting/api/v1', proxy: '/proxy/api/v1' };

/**
 * @param {Pick<Shared, 'options' | 'secrets' | 'publicUrl'>} known
 * @returns {Told}
 */
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

/**
 * @param {Product} product
 * @param {{ root: string; shared: Promise<Shared> }} told
 * @returns {Told}
 */
export function service(product, { root, shared }) {
  return {
    name: product,
    script: bundled(root, `services/${product}/dist/server`),
    env: shared.then((known) => productEnv(product, product, known)),
  };
}

/**
 * @param {Product} product
 * @param {Shared} shared
 * @returns {Told}
 */
export function worker(product, shared) {
  return {
    name: `${product}-worker`,
    script: bundled(shared.options.root, `services/${product}/dist/worker`),
    env: productEnv(`${product}-worker`, product, shared),
  };
}

/**
 * The node that carries the proxies' traffic on this machine.
 *
 * @param {{ root: string; known: Promise<AllKnown> }} told
 * @returns {Told}
 */
export function proxyNode({ root, known }) {
  return { name: 'proxy-node', script: bundled(root, 'services/proxy/dist/node/main'), env: known.then(nodeEnv) };
}

/**
 * @param {{ root: string; known: Promise<AllKnown> }} told
 * @returns {Told}
 */
export function gateway({ root, known }) {
  return { name: 'gateway', script: bundled(root, 'gateway/dist/server'), env: known.then(gatewayEnv) };
}

/**
 * @param {AllKnown} known
 * @returns {Env}
 */
function gatewayEnv({ options, secrets, urlOf, serviceUrls, publicUrl, port }) {
  return {
    ...common('gateway', options, urlOf('lumi_gateway')),
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

/**
 * @param {string} name
 * @param {Product} product
 * @param {Shared} shared
 * @returns {Env}
 */
function productEnv(name, product, { options, secrets, urlOf, publicUrl, cryptoPayUrl }) {
  return {
    ...common(name, options, urlOf(`lumi_${product}`)),
    // The default set-up is a sandbox: money is on, and the pay page of the provider `sandbox` credits test money.
    SANDBOX_PAYMENTS: 'true',
    ...options.handedThrough(product),
    ...(name === 'proxy' ? { PROXY_LOCAL_NODE_TOKEN: secrets.proxyNodeToken } : {}),
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

/**
 * @param {AllKnown} known
 * @returns {Env}
 */
function nodeEnv({ options, secrets, serviceUrls }) {
  return {
    ...surroundings('proxy-node', options),
    // Ctrl-C should not wait long for a download.
    PROXY_NODE_DRAIN_S: '2',
    ...options.handedThrough('proxy-node'),
    PROXY_NODE_ID: 'node_local',
    PROXY_NODE_TOKEN: secrets.proxyNodeToken,
    PROXY_SERVICE_URL: serviceUrls.proxy,
    PROXY_NODE_DATA: join(options.folder, 'proxy-node'),
  };
}

/** In the order of their ports for monitoring. */
const NAMES = ['gateway', ...PRODUCTS, ...PRODUCTS.map((product) => `${product}-worker`), 'proxy-node'];

/**
 * @param {string} name
 * @param {Options} options
 * @param {string} databaseUrl
 * @returns {Env}
 */
function common(name, options, databaseUrl) {
  return {
    ...surroundings(name, options),
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
  };
}

/**
 * @param {string} name
 * @param {Options} options
 * @returns {Env}
 */
function surroundings(name, options) {
  const { metricsPort } = options;
  return {
    ...options.surroundings,
    ...options.handedThrough('all'),
    ...(metricsPort === undefined
      ? {}
      : { METRICS_PORT: String(metricsPort === 0 ? 0 : metricsPort + NAMES.indexOf(name)) }),
  };
}
