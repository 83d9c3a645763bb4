// Roles and migrations on an external database, from this folder, before its processes start. It may run again.
// DATABASE_URL is the owner's.
//   node scripts/migrate.mjs                        everything
//   node scripts/migrate.mjs --product platform     roles, the platform's schema, the queue's
//   node scripts/migrate.mjs --product vps          the schema of one product, on the platform that is there
// `--product` may come several times. The platform's step sets the passwords of the roles: LUMI_GATEWAY_PASSWORD,
// LUMI_DOMAINS_PASSWORD, LUMI_VPS_PASSWORD, LUMI_PROXY_PASSWORD, LUMI_ADMIN_PASSWORD. The images have the same command
// as migrate.js.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { migrationFolders, root, schemas } from './build.mjs';

const load = createRequire(join(root, 'packages', 'shared', 'package.json'));
/** @typedef {readonly ReturnType<typeof migrationFolders>[]} Schemas */
/** @type {{ runMigrate(args: readonly string[], schemas: Schemas): Promise<number> }} */
const { runMigrate } = load('./dist/house-keeping/process/migrate.js');
process.exitCode = await runMigrate(
  process.argv.slice(2),
  schemas.map((schema) => migrationFolders(schema)),
);
