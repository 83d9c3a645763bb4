// A separate database and keys for the bench, deleted afterwards. PostgreSQL keeps its safe settings: figures without
// fsync would be wrong.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../build.mjs';
import { eachRole } from '../database-roles.mjs';
import { dataDirFor, initCluster, startCluster } from '../postgres.mjs';
import { prepareDatabase } from '../../packages/launcher/src/database.mjs';
import { publicKeys } from '../../packages/launcher/src/secrets.mjs';

/** @typedef {Awaited<ReturnType<typeof makeInstallation>>} Installation */
/** @typedef {{ key: string; keyId: string; lineageId: string; accountId: string }} Buyer */
/** @typedef {{ peppers: string; ring: string; identity: string; cursor: string }} KeySecrets */

const UNLIMITED_PER_MINUTE = 1_000_000;
const load = createRequire(join(root, 'packages', 'shared', 'package.json'));

export async function makeInstallation() {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-bench-'));
  chmodSync(folder, 0o755); // PostgreSQL's own user must reach its data, as root too
  const dataDir = dataDirFor(join(folder, 'postgres'));
  const password = randomBytes(12).toString('hex');
  await initCluster({ dataDir, password });
  const cluster = await startCluster({
    dataDir,
    password,
    settings: { max_connections: 200 },
    logFile: join(folder, 'postgres.log'),
  });
  const ownerUrl = cluster.url('postgres');
  const secret = () => `1:${randomBytes(32).toString('base64')}`;
  const privatePem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  const secrets = {
    roles: eachRole(() => randomBytes(12).toString('hex')),
    peppers: secret(),
    ring: secret(),
    identity: Buffer.from(privatePem).toString('base64'),
    cursor: randomBytes(32).toString('hex'),
  };
  const urlOf = await prepareDatabase({ root, ownerUrl, rolePasswords: secrets.roles });
  return {
    /** PostgreSQL's first process. */
    pid: cluster.pid,
    ownerUrl,
    urlOf,
    secrets,
    serviceEnv: (/** @type {import('../../packages/launcher/src/options.mjs').Product} */ product) => ({
      DATABASE_URL: urlOf(`lumi_${product}`),
      ADMIN_DATABASE_URL: urlOf('lumi_admin'),
      IDENTITY_PUBLIC_KEYS: publicKeys(secrets.identity),
      KEY_PEPPERS: secrets.peppers,
      SECRET_RING: secrets.ring,
      CURSOR_SECRET: secrets.cursor,
      PUBLIC_URL: 'http://127.0.0.1:1',
      API_MONEY_ENABLED: 'true',
      LOG_LEVEL: 'warn',
      DATABASE_POOL: '16',
    }),
    gatewayEnv: (/** @type {string} */ domainsUrl) => ({
      DATABASE_URL: urlOf('lumi_gateway'),
      DOMAINS_URL: domainsUrl,
      // Nobody is there: the bench asks for domains only.
      VPS_URL: 'http://127.0.0.1:1',
      PROXY_URL: 'http://127.0.0.1:2',
      IDENTITY_PRIVATE_KEY: secrets.identity,
      KEY_PEPPERS: secrets.peppers,
      SECRET_RING: secrets.ring,
      API_MONEY_ENABLED: 'true',
      LOG_LEVEL: 'info',
    }),
    makeKeys: (/** @type {number} */ count) => makeKeys({ ownerUrl, secrets, count }),
    stop: async () => {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * This many accounts with money, each with a key whose limits are never reached.
 *
 * @param {{ ownerUrl: string; secrets: KeySecrets; count: number }} told
 */
async function makeKeys({ ownerUrl, secrets, count }) {
  /** @type {typeof import('pg')} */
  const { Pool } = load('pg');
  /** @type {typeof import('@lumi/shared/keys')} */
  const { issueKey } = load('./dist/base/keys/index.js');
  /** @type {typeof import('@lumi/shared/contract')} */
  const { newId, resellerScopes } = load('./dist/ground/contract/index.js');
  /** @type {typeof import('@lumi/shared/runtime')} */
  const { secretRing, systemClock } = load('./dist/ground/runtime/index.js');
  const rings = {
    peppers: secretRing(32).parse(secrets.peppers),
    secrets: secretRing(32).parse(secrets.ring),
    clock: systemClock,
  };
  const pool = new Pool({ connectionString: ownerUrl, max: 4 });
  try {
    /** @type {Buyer[]} */
    const keys = [];
    for (let i = 0; i < count; i += 1) {
      const accountId = newId('usr', systemClock.nowMs());
      await pool.query('SELECT platform.create_account($1, $2)', [accountId, `bench ${i}`]);
      await pool.query("SELECT platform.adjust($1, $2, 10000000000000, 'bench', NULL, NULL, NULL)", [
        newId('trf', systemClock.nowMs()),
        accountId,
      ]);
      const { key, id, record } = await issueKey(pool, rings, {
        product: 'domains',
        type: 'reseller',
        accountId,
        scopes: resellerScopes('domains'),
        limits: { regularPerMinute: UNLIMITED_PER_MINUTE, moneyPerMinute: UNLIMITED_PER_MINUTE },
      });
      keys.push({ key, keyId: id, lineageId: record.lineageId, accountId });
    }
    return keys;
  } finally {
    await pool.end();
  }
}
