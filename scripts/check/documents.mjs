// The OpenAPI documents of the three services, made from their build as their processes make them. Nothing is started
// and no database is needed, because endpoints are declared without any look-up.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const PUBLIC_URL = 'https://lumi.example';

/** `[{ name, document }]`, one for each service. */
export function serviceDocuments(root) {
  const own = createRequire(join(root, 'services', 'domains', 'package.json'));
  const { buildOpenApi } = own('@lumi/shared/endpoint');
  const { openService, serviceConfig } = own('@lumi/shared/service');
  const ring = () => `1:${randomBytes(32).toString('base64')}`;
  const config = serviceConfig.parse({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    ADMIN_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    IDENTITY_PUBLIC_KEYS: Buffer.from('{"keys":[]}').toString('base64'),
    KEY_PEPPERS: ring(),
    SECRET_RING: ring(),
    CURSOR_SECRET: randomBytes(32).toString('hex'),
    PUBLIC_URL,
    SANDBOX_PAYMENTS: 'true',
    LOG_LEVEL: 'error',
  });
  return ['domains', 'vps', 'proxy'].map((product) => {
    const built = (file) => own(join(root, 'services', product, 'dist', file));
    const { wire, endpoints, api } = built('wiring.js');
    const settings = built('config.js')[`${product}Settings`].parse({});
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
