// Roles and migrations on an external database, before the processes of a container installation start. It may run
// again. DATABASE_URL is the owner's.
//   node scripts/migrate.mjs                        everything
//   node scripts/migrate.mjs --product platform     roles, the platform's schema, the queue's
//   node scripts/migrate.mjs --product vps          the schema of one product, on the platform that is there
// `--product` may come several times. The platform's step sets the passwords of the roles: LUMI_GATEWAY_PASSWORD,
// LUMI_DOMAINS_PASSWORD, LUMI_VPS_PASSWORD, LUMI_PROXY_PASSWORD, LUMI_ADMIN_PASSWORD. A setting X may be in a file that
// X_FILE names.
import { parseArgs } from 'node:util';
import { root, schemas } from './build.mjs';
import { eachRole } from './database-roles.mjs';
import { messageOf } from './errors.mjs';
import { migrateDatabase } from '../packages/launcher/src/database.mjs';
import { explain, Refusal, refuseSettings } from '../packages/launcher/src/refusal.mjs';
import { givenSettings } from '../packages/shared/src/ground/runtime/given-settings.cjs';

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
  const passwords = Object.values(eachRole(passwordName));
  const { given, faults } = givenSettings(process.env, ['DATABASE_URL', ...passwords]);
  const makesRoles = asked.length === 0 || asked.includes('platform');
  const missing = ['DATABASE_URL', ...(makesRoles ? passwords : [])].filter(
    (name) => given[name] === undefined && faults.every((fault) => fault.name !== name),
  );
  const { DATABASE_URL: ownerUrl = '' } = given;
  const role = Object.keys(eachRole(passwordName)).find((name) => ownerUrl.includes(`://${name}:`));
  refuseSettings([
    ...faults,
    ...missing.map((name) => ({ name, message: 'is missing' })),
    ...(role === undefined
      ? []
      : [{ name: 'DATABASE_URL', message: `is the database as ${role}; migrations need the owner of the database` }]),
  ]);
  return { ownerUrl, rolePasswords: eachRole((name) => given[passwordName(name)] ?? '') };
}

/** @param {string} role */
function passwordName(role) {
  return `${role.toUpperCase()}_PASSWORD`;
}
