// The OpenAPI documents of the three services, made from their build as their processes make them. Nothing is started
// and no database is needed, because endpoints are declared without any look-up.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** @typedef {'domains' | 'vps' | 'proxy'} Product */
/** @typedef {import('@lumi/shared/endpoint').Endpoint} Endpoint */
/** @typedef {Parameters<typeof import('@lumi/shared/endpoint').buildOpenApi>[1]} Api */
/**
 * @typedef {object} Wiring what the wiring of each service exports
 * @property {(service: unknown, settings: unknown) => unknown} wire
 * @property {(wired: unknown) => readonly Endpoint[]} endpoints
 * @property {Omit<Api, 'product' | 'publicUrl'>} api
 */

/** @type {readonly Product[]} */
const PRODUCTS = ['domains', 'vps', 'proxy'];
const PUBLIC_URL = 'https://lumi.example';

/** @typedef {{ operationId: string }} Operation */
/** @typedef {{ paths?: Record<string, Record<string, Operation>>; 'x-recipes'?: string[] }} Document */
/** @typedef {{ name: string; document: Document }} NamedDocument */

/**
 * One for each service.
 *
 * @param {string} root
 * @returns {NamedDocument[]}
 */
export function serviceDocuments(root) {
  const own = createRequire(join(root, 'services', 'domains', 'package.json'));
  /** @type {typeof import('@lumi/shared/endpoint')} */
  const { buildOpenApi } = own('@lumi/shared/endpoint');
  /** @type {typeof import('@lumi/shared/process')} */
  const { openService, serviceConfig } = own('@lumi/shared/service');
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ring = () => `1:${randomBytes(32).toString('base64')}`;
  const config = serviceConfig.parse({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    ADMIN_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    IDENTITY_PUBLIC_KEYS: Buffer.from(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] })).toString(
      'base64',
    ),
    KEY_PEPPERS: ring(),
    SECRET_RING: ring(),
    CURSOR_SECRET: randomBytes(32).toString('hex'),
    PUBLIC_URL,
    SANDBOX_PAYMENTS: 'true',
    LOG_LEVEL: 'error',
  });
  return PRODUCTS.map((product) => {
    const built = (/** @type {string} */ file) => own(join(root, 'services', product, 'dist', file));
    /** @type {Wiring} */
    const { wire, endpoints, api } = built('wiring.js');
    /** @type {Record<string, { parse(env: object): unknown } | undefined>} */
    const { [`${product}Settings`]: ofProduct } = built('config.js');
    const settings = ofProduct?.parse({});
    const routes = endpoints(wire(openService({ product, config, processName: product }), settings)).map(
      ({ route }) => route,
    );
    // Through JSON, as a reader gets it.
    return {
      name: `services/${product}`,
      document: JSON.parse(JSON.stringify(buildOpenApi(routes, { ...api, product, publicUrl: PUBLIC_URL }))),
    };
  });
}
