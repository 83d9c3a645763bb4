// Roles and migrations on an external database, before the processes of a container installation start. It may run
// again. DATABASE_URL is the owner's.
//   node scripts/migrate.mjs                        everything
//   node scripts/migrate.mjs --product platform     roles, the platform's schema, the queue's
//   node scripts/migrate.mjs --product vps          the schema of one product, on the platform that is there
// `--product` may come several times. The platform's step sets the passwords of the roles: LUMI_GATEWAY_PASSWORD,
// LUMI_DOMAINS_PASSWORD, LUMI_VPS_PASSWORD, LUMI_PROXY_PASSWORD, LUMI_ADMIN_PASSWORD.
import { parseArgs } from 'node:util';
import { root, schemas } from './build.mjs';
import { eachRole } from './database-roles.mjs';
import { messageOf } from './errors.mjs';
import { migrateDatabase } from '../packages/launcher/src/database.mjs';
import { explain, Refusal } from '../packages/launcher/src/refusal.mjs';

try {
  const asked = readArguments();
  await migrateDatabase({ root, asked, ...readSettings(asked) });
  console.log(
    `The database is up to date: ${asked.length === 0 ? 'the platform and all products' : asked.join(', ')}.`,
  );
} catch (err) {
  const reason = explain(err, '');
  console.error(reason instanceof Refusal ? reason.message : reason);
  process.exit(1);
}

/** @returns {readonly string[]} */
function readArguments() {
  const known = schemas.map(({ name }) => name);
  const usage = `Usage: migrate [--product ${known.join('|')}] … (several allowed; none: all)`;
  /** @type {readonly string[]} */
  let asked;
  try {
    asked = parseArgs({ options: { product: { type: 'string', multiple: true } } }).values.product ?? [];
  } catch (err) {
    throw new Refusal(`${messageOf(err)}. ${usage}`);
  }
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Refusal(`There is no product ${unknown.join(', ')}. ${usage}`);
  return asked;
}

/** @param {readonly string[]} asked */
function readSettings(asked) {
  const { DATABASE_URL: ownerUrl } = process.env;
  const makesRoles = asked.length === 0 || asked.includes('platform');
  const needed = ['DATABASE_URL', ...(makesRoles ? Object.values(eachRole(passwordName)) : [])];
  const missing = needed.filter((name) => !process.env[name]);
  if (ownerUrl === undefined || missing.length > 0) throw new Refusal(`Not set: ${missing.join(', ')}.`);
  return { ownerUrl, rolePasswords: eachRole((role) => process.env[passwordName(role)] ?? '') };
}

/** @param {string} role */
function passwordName(role) {
  return `${role.toUpperCase()}_PASSWORD`;
}
