// The three OpenAPI documents as a reader gets them. Nothing is started and no database is needed: endpoints are
// declared without any look-up.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Product } from '@lumi/shared/contract';
import { buildOpenApi } from '@lumi/shared/endpoint';
import { openService, serviceConfig } from '@lumi/shared/service';
import type { Document } from './contract/documented-api';
import { WIRE } from './products';

const NOWHERE = 'postgres://nobody@127.0.0.1:1/nothing';
const PUBLIC_URL = 'https://lumi.example';

export function documentOf(product: Product): Document {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ring = (): string => `1:${randomBytes(32).toString('base64')}`;
  const config = serviceConfig.parse({
    DATABASE_URL: NOWHERE,
    ADMIN_DATABASE_URL: NOWHERE,
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
  const { endpoints, api } = WIRE[product](openService({ product, config, processName: product }));
  return JSON.parse(
    JSON.stringify(
      buildOpenApi(
        endpoints.map(({ route }) => route),
        { ...api, product, publicUrl: PUBLIC_URL },
      ),
    ),
  ) as Document; // it has just been built
}
