// Writes the secrets and settings that docker-compose.yml reads: `node infra/docker/make-env.mjs > .env`. Run it once
// and keep the file: keys and signing secrets of this installation are worth nothing without it. With a file it writes
// only what that file lacks, for after an update: `node infra/docker/make-env.mjs .env >> .env`.
import { readFileSync } from 'node:fs';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';

const password = () => randomBytes(24).toString('base64url');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
const jwks = { keys: [createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' })] };
const base64 = (/** @type {string | Buffer} */ text) => Buffer.from(text).toString('base64');

const settings = {
  POSTGRES_PASSWORD: password(),
  GATEWAY_DB_PASSWORD: password(),
  DOMAINS_DB_PASSWORD: password(),
  VPS_DB_PASSWORD: password(),
  PROXY_DB_PASSWORD: password(),
  ADMIN_DB_PASSWORD: password(),
  KEY_PEPPERS: `1:${randomBytes(32).toString('base64')}`,
  SECRET_RING: `1:${randomBytes(32).toString('base64')}`,
  IDENTITY_PRIVATE_KEY: base64(pem),
  IDENTITY_PUBLIC_KEYS: base64(JSON.stringify(jwks)),
  CURSOR_SECRET: randomBytes(32).toString('base64'),
  PUBLIC_URL: 'http://127.0.0.1:8080',
  API_MONEY_ENABLED: 'false',
};
const [file] = process.argv.slice(2);
const known = new Set(
  file === undefined
    ? []
    : readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.split('=')[0]),
);
// Two that belong together: one of them alone would fit nothing.
if (known.has('IDENTITY_PRIVATE_KEY')) known.add('IDENTITY_PUBLIC_KEYS');
const missing = Object.entries(settings).filter(([name]) => !known.has(name));
if (missing.length > 0) process.stdout.write(`${missing.map(([name, value]) => `${name}=${value}`).join('\n')}\n`);
