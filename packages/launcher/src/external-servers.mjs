// PostgreSQL and Redis servers that the user names by URL: checks that they are reachable, new enough and grant the
// rights Lumi needs; otherwise refuses with one sentence, which never contains a password.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { codeOf, messageOf } from '../../../scripts/errors.mjs';
import { Refusal } from './refusal.mjs';

/** @typedef {{ version: number; rolsuper: boolean; rolcreaterole: boolean; may_create: boolean }} Rights */

const CONNECT_LIMIT_MS = 5_000;
const OLDEST_VERSION = 150_000;

/**
 * @param {string} root
 * @param {string} url
 */
export async function checkDatabase(root, url) {
  /** @type {typeof import('pg')} */
  const { Client } = sharedRequire(root)('pg');
  const where = withoutPassword(url);
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: CONNECT_LIMIT_MS,
  });
  client.on('error', () => undefined); // A connection that breaks later is the next query's failure.
  try {
    await client.connect();
    /** @type {import('pg').QueryResult<Rights>} */
    const { rows } = await client.query(`
      SELECT current_setting('server_version_num')::int AS version, rolsuper, rolcreaterole,
        has_database_privilege(current_database(), 'CREATE') AS may_create
      FROM pg_roles WHERE rolname = current_user`);
    const [rights] = rows;
    if (rights === undefined) throw new Error('PostgreSQL does not know its own user');
    const { version, rolsuper, rolcreaterole, may_create } = rights;
    if (version < OLDEST_VERSION)
      throw new Refusal(
        `DATABASE_URL (${where}) is PostgreSQL ${Math.floor(version / 10_000)}; Lumi needs 15 or newer.`,
      );
    if (!rolsuper && !rolcreaterole)
      throw new Refusal(
        `The user of DATABASE_URL (${where}) may not create roles; grant it with: ALTER ROLE … CREATEROLE`,
      );
    if (!may_create)
      throw new Refusal(
        `The user of DATABASE_URL (${where}) may not create schemas in that database; grant it with: GRANT ` +
          'CREATE ON DATABASE … TO …',
      );
  } catch (err) {
    if (err instanceof Refusal) throw err;
    throw new Refusal(`DATABASE_URL (${where}) cannot be used: ${firstLine(err)}.`);
  } finally {
    await client.end().catch(() => undefined); // Nothing depends on a polite goodbye.
  }
}

/**
 * One server, or a cluster (see packages/shared/src/ground/runtime/redis.ts), of which one node must answer.
 *
 * @param {string} root
 * @param {string} url
 */
export async function checkRedis(root, url) {
  /** @type {typeof import('ioredis')} */
  const { default: Redis } = sharedRequire(root)('ioredis');
  const nodes = url.split(',');
  const isCluster = nodes.length > 1 || /[?&]cluster=true(&|$)/.test(url);
  let refusal;
  for (const node of nodes) {
    try {
      return await checkRedisNode(Redis, node, isCluster);
    } catch (err) {
      refusal ??= err;
    }
  }
  throw refusal;
}

/**
 * @param {typeof import('ioredis').default} Redis
 * @param {string} url
 * @param {boolean} isCluster
 */
async function checkRedisNode(Redis, url, isCluster) {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_LIMIT_MS,
    commandTimeout: CONNECT_LIMIT_MS,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  });
  /** @type {unknown} */
  let lastError;
  redis.on('error', (err) => (lastError = err));
  let info;
  try {
    await redis.connect();
    await redis.ping();
    info = String(await redis.info('cluster').catch(() => '')); // not every user may ask that
  } catch (err) {
    throw new Refusal(`REDIS_URL (${withoutPassword(url)}) cannot be used: ${firstLine(lastError ?? err)}.`);
  } finally {
    redis.disconnect();
  }
  if (!isCluster && /cluster_enabled:1/.test(info))
    throw new Refusal(
      `REDIS_URL (${withoutPassword(url)}) is a node of a Redis Cluster: name several nodes with commas ` +
        'between them, or add ?cluster=true.',
    );
  if (isCluster && /cluster_enabled:0/.test(info))
    throw new Refusal(`REDIS_URL (${withoutPassword(url)}) is a single Redis server, not a node of a cluster.`);
}

/** @param {string} root */
function sharedRequire(root) {
  return createRequire(join(root, 'packages', 'shared', 'package.json'));
}

/** @param {string} url */
function withoutPassword(url) {
  try {
    const { protocol, username, host, pathname } = new URL(url);
    return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
  } catch {
    // Not even a URL; showing it might show a password.
    return 'not a valid URL';
  }
}

/** @param {unknown} err */
function firstLine(err) {
  // An AggregateError of one attempt per address says nothing itself.
  const inner = (err instanceof AggregateError ? err.errors[0] : undefined) ?? err;
  const [line = ''] = (messageOf(inner) || codeOf(inner) || String(inner)).split('\n');
  return line.replace(/\.$/, '');
}
