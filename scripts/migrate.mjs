// Roles and migrations on an external database, before the processes of a container installation start. It may run
// again. DATABASE_URL is the owner's; the role passwords come as LUMI_GATEWAY_PASSWORD, LUMI_DOMAINS_PASSWORD,
// LUMI_VPS_PASSWORD, LUMI_PROXY_PASSWORD, LUMI_ADMIN_PASSWORD.
import { root } from './build.mjs';
import { eachRole } from './database-roles.mjs';
import { prepareDatabase } from '../packages/launcher/src/database.mjs';
import { explain, Refusal } from '../packages/launcher/src/refusal.mjs';

const { DATABASE_URL: ownerUrl } = process.env;
const missing = ['DATABASE_URL', ...Object.values(eachRole(passwordName))].filter((name) => !process.env[name]);
if (ownerUrl === undefined || missing.length > 0) {
  console.error(`Not set: ${missing.join(', ')}.`);
  process.exit(1);
}
try {
  await prepareDatabase({
    root,
    ownerUrl,
    rolePasswords: eachRole((role) => process.env[passwordName(role)] ?? ''),
  });
  console.log('The database is up to date.');
} catch (err) {
  const reason = explain(err, '');
  console.error(reason instanceof Refusal ? reason.message : reason);
  process.exit(1);
}

/** @param {string} role */
function passwordName(role) {
  return `${role.toUpperCase()}_PASSWORD`;
}
