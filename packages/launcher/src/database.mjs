// The database as all processes need it: roles with minimal rights, every schema migrated. Uses the compiled db room.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Refusal } from './refusal.mjs';

/** Returns `urlOf(role)`. The platform comes first: the products' schemas refer to it. */
export async function prepareDatabase({ root, ownerUrl, rolePasswords }) {
  const { checkHistory, ensureRoles, migrate, migrateQueue } = databaseRoom(root);
  const { migrationFolders, schemas } = await import('../../../scripts/build.mjs');
  await ensureRoles({ ownerUrl, passwords: rolePasswords });
  const folders = schemas.map((schema) => migrationFolders(schema, root));
  const [platform, ...products] = folders;
  try {
    await checkHistory(ownerUrl, folders);
    await migrate({ ownerUrl, ...platform });
    await Promise.all(products.map((product) => migrate({ ownerUrl, ...product })));
    await migrateQueue(ownerUrl);
  } catch (err) {
    throw isConnectionLost(err)
      ? err
      : new Refusal(`The database could not be brought up to date: ${err.message.split('\n')[0]}`, { cause: err });
  }
  return urlsOf({ root, ownerUrl, rolePasswords });
}

/** `urlOf(role)`, even if the role does not exist yet. */
export function urlsOf({ root, ownerUrl, rolePasswords }) {
  const { roleUrl } = databaseRoom(root);
  return (role) => roleUrl(ownerUrl, role, rolePasswords[role]);
}

/** File by file, because the whole room would load Prisma's client, which is not needed here. */
function databaseRoom(root) {
  const load = createRequire(join(root, 'packages', 'shared', 'package.json'));
  return {
    ...load('./dist/base/db/roles.js'),
    ...load('./dist/base/db/migrate.js'),
    ...load('./dist/base/db/migrate-queue.js'),
  };
}

function isConnectionLost(err) {
  return /ECONN|terminat|shutting down|No space left/i.test(`${err.code} ${err.message}`);
}
