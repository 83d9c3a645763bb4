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
/** @typedef {'prepareDatabase' | 'roleUrl'} DatabaseParts */

/**
 * Everything: roles and all schemas. Returns `urlOf(role)`.
 *
 * @param {Owned} owned
 */
export async function prepareDatabase({ root, ownerUrl, rolePasswords }) {
  const { migrationFolders, schemas } = await import('../../../scripts/build.mjs');
  try {
    await databaseRoom(root).prepareDatabase({
      ownerUrl,
      schemas: schemas.map((schema) => migrationFolders(schema, root)),
      passwords: rolePasswords,
    });
  } catch (err) {
    if (isConnectionLost(err)) throw err;
    throw new Refusal(`The database could not be brought up to date: ${messageOf(err).split('\n')[0]}`, { cause: err });
  }
  return urlsOf({ root, ownerUrl, rolePasswords });
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
    ...load('./dist/base/db/prepare.js'),
  };
}

/** @param {unknown} err */
function isConnectionLost(err) {
  return /ECONN|terminat|shutting down|No space left/i.test(`${codeOf(err)} ${messageOf(err)}`);
}
