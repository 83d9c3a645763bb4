// The database as all processes need it: roles with minimal rights, every schema migrated. Uses the compiled db room.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { codeOf, messageOf } from '../../../scripts/errors.mjs';
import { Refusal } from './refusal.mjs';

/** @typedef {import('@lumi/shared/db').Role} Role */
/**
 * @typedef {object} Owned a database and the passwords that its roles get
 * @property {string} root
 * @property {string} ownerUrl
 * @property {Readonly<Record<Role, string>>} rolePasswords
 */
/** @typedef {'checkHistory' | 'ensureRoles' | 'migrate' | 'migrateQueue' | 'roleUrl'} DatabaseParts */

/**
 * Everything: roles and all schemas. Returns `urlOf(role)`.
 *
 * @param {Owned} owned
 */
export async function prepareDatabase({ root, ownerUrl, rolePasswords }) {
  await migrateDatabase({ root, ownerUrl, rolePasswords });
  return urlsOf({ root, ownerUrl, rolePasswords });
}

/**
 * The schemas that are asked for; none: all. The platform's step makes the roles and the queue's schema too. It comes
 * first: the products' schemas refer to the platform's. A product's step needs no passwords of roles, and refuses a
 * platform that this release does not know.
 *
 * @param {Owned & { asked?: readonly string[] }} told
 */
export async function migrateDatabase({ root, ownerUrl, rolePasswords, asked = [] }) {
  const { checkHistory, ensureRoles, migrate, migrateQueue } = databaseRoom(root);
  const { migrationFolders, schemas } = await import('../../../scripts/build.mjs');
  const chosen = schemas
    .filter(({ name }) => asked.length === 0 || asked.includes(name))
    .map((schema) => migrationFolders(schema, root));
  const platform = chosen.find(({ schema }) => schema === 'platform');
  const products = chosen.filter((folders) => folders !== platform);
  if (platform !== undefined) await ensureRoles({ ownerUrl, passwords: rolePasswords });
  try {
    await checkHistory(ownerUrl, chosen);
    if (platform !== undefined) await migrate({ ownerUrl, ...platform });
    await mustKnowPlatform(root, ownerUrl, products);
    await Promise.all(products.map((product) => migrate({ ownerUrl, ...product })));
    if (platform !== undefined) await migrateQueue(ownerUrl);
  } catch (err) {
    if (err instanceof Refusal || isConnectionLost(err)) throw err;
    throw new Refusal(`The database could not be brought up to date: ${messageOf(err).split('\n')[0]}`, { cause: err });
  }
}

/**
 * @param {string} root
 * @param {string} ownerUrl
 * @param {readonly { schema: string }[]} products
 */
async function mustKnowPlatform(root, ownerUrl, products) {
  if (products.length === 0) return;
  const load = createRequire(join(root, 'packages', 'shared', 'package.json'));
  /** @type {typeof import('pg')} */
  const { Client } = load('pg');
  /** @type {Pick<typeof import('@lumi/shared/platform-schema'), 'readPlatformSchema' | 'refusalOfPlatform'>} */
  const { readPlatformSchema, refusalOfPlatform } = load('./dist/base/platform-schema/version.js');
  const client = new Client({ connectionString: ownerUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // A lost connection is reported to the query in flight.
  await client.connect();
  try {
    const found = await readPlatformSchema(client);
    const refusal = refusalOfPlatform(found, `the ${products.map(({ schema }) => schema).join(', ')} of this release`);
    if (refusal !== null) throw new Refusal(refusal);
  } finally {
    await client.end();
  }
}

/**
 * `urlOf(role)`, even if the role does not exist yet.
 *
 * @param {Owned} owned
 */
export function urlsOf({ root, ownerUrl, rolePasswords }) {
  const { roleUrl } = databaseRoom(root);
  return (/** @type {Role} */ role) => roleUrl(ownerUrl, role, rolePasswords[role]);
}

/**
 * File by file, because the whole room would load Prisma's client, which is not needed here.
 *
 * @param {string} root
 * @returns {Pick<typeof import('@lumi/shared/db'), DatabaseParts>}
 */
function databaseRoom(root) {
  const load = createRequire(join(root, 'packages', 'shared', 'package.json'));
  return {
    ...load('./dist/base/db/roles.js'),
    ...load('./dist/base/db/migrate.js'),
    ...load('./dist/base/db/migrate-queue.js'),
  };
}

/** @param {unknown} err */
function isConnectionLost(err) {
  return /ECONN|terminat|shutting down|No space left/i.test(`${codeOf(err)} ${messageOf(err)}`);
}
