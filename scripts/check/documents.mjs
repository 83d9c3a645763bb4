// The OpenAPI documents of the three services, made by what was built of them, as their processes would make them. Nothing is started and no
// database is needed: endpoints are declared before anything is asked for.
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
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing', IDENTITY_PUBLIC_KEYS: Buffer.from('{"keys":[]}').toString('base64'), KEY_PEPPERS: ring(), SECRET_RING: ring(),
    CURSOR_SECRET: randomBytes(32).toString('hex'), PUBLIC_URL, SANDBOX_PAYMENTS: 'true', LOG_LEVEL: 'error',
  });
  const open = (product) => openService({ product, config, processName: product });
  const part = (product, file) => own(join(root, 'services', product, 'dist', file));
  const [domains, vps, proxy] = [part('domains', 'wiring.js'), part('vps', 'wiring.js'), { ...part('proxy', 'wiring.js'), ...part('proxy', 'endpoints.js') }];
  const made = [
    ['domains', domains.endpoints(domains.wire(open('domains'), { SANDBOX_TIMEOUT_MS: 1, SANDBOX_SLOW_MS: 1 })), domains.api],
    ['vps', vps.endpoints(vps.wire(open('vps'))), vps.api],
    ['proxy', proxy.endpoints(proxy.wire({ config, processName: 'proxy' })), proxy.API],
  ];
  return made.map(([product, endpoints, api]) => ({
    name: `services/${product}`,
    // Through JSON, as a reader gets it.
    document: JSON.parse(JSON.stringify(buildOpenApi(endpoints.map(({ route }) => route), { ...api, product, publicUrl: PUBLIC_URL }))),
  }));
}
