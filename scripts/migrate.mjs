// Roles and migrations on an external database, before the processes of a container installation start. It may run
// again. DATABASE_URL is the owner's; the role passwords come as LUMI_GATEWAY_PASSWORD, LUMI_DOMAINS_PASSWORD,
// LUMI_VPS_PASSWORD, LUMI_PROXY_PASSWORD, LUMI_ADMIN_PASSWORD.
import { root } from './build.mjs';
import { prepareDatabase } from '../packages/launcher/src/database.mjs';
import { explain, Refusal } from '../packages/launcher/src/refusal.mjs';

const ROLES = ['lumi_gateway', 'lumi_domains', 'lumi_vps', 'lumi_proxy', 'lumi_admin'];

const missing = ['DATABASE_URL', ...ROLES.map(passwordName)].filter((name) => !process.env[name]);
if (missing.length > 0) {
  console.error(`Not set: ${missing.join(', ')}.`);
  process.exit(1);
}
try {
  await prepareDatabase({
    root,
    ownerUrl: process.env.DATABASE_URL,
    rolePasswords: Object.fromEntries(ROLES.map((role) => [role, process.env[passwordName(role)]])),
  });
  console.log('The database is up to date.');
} catch (err) {
  const reason = explain(err, '');
  console.error(reason instanceof Refusal ? reason.message : reason);
  process.exit(1);
}

function passwordName(role) {
  return `${role.toUpperCase()}_PASSWORD`;
}
