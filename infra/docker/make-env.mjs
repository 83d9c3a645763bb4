// Writes the secrets and settings that docker-compose.yml reads: `node infra/docker/make-env.mjs > .env`. Run it once and keep the file: keys and
// signing secrets of this installation are worth nothing without it.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';

const password = () => randomBytes(24).toString('base64url');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
const jwks = { keys: [createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' })] };
const base64 = (text) => Buffer.from(text).toString('base64');

const settings = {
  POSTGRES_PASSWORD: password(),
  GATEWAY_DB_PASSWORD: password(),
  DOMAINS_DB_PASSWORD: password(),
  VPS_DB_PASSWORD: password(),
  PROXY_DB_PASSWORD: password(),
  KEY_PEPPERS: `1:${randomBytes(32).toString('base64')}`,
  SECRET_RING: `1:${randomBytes(32).toString('base64')}`,
  IDENTITY_PRIVATE_KEY: base64(pem),
  IDENTITY_PUBLIC_KEYS: base64(JSON.stringify(jwks)),
  CURSOR_SECRET: randomBytes(32).toString('base64'),
  PUBLIC_URL: 'http://127.0.0.1:8080',
  API_MONEY_ENABLED: 'false',
};
process.stdout.write(`${Object.entries(settings).map(([name, value]) => `${name}=${value}`).join('\n')}\n`);
