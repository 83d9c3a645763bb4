// A restored database takes the place of the present one. One rename decides: before it nothing has changed, and what
// comes after it is done by the next start if the machine dies meanwhile, because each step can be done again.
import { copyFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RESTORED } from './cluster-files.mjs';
import { exists, writeAtomically } from './data-folder.mjs';

const SECRETS = 'secrets.json';
/** Its keys work with the secrets with which they were made. */
const DEMO = 'demo.json';

/**
 * @param {object} told
 * @param {string} told.cluster the place
 * @param {string} told.draft the restored database, whole and stopped, on the same disk
 * @param {import('./secrets.mjs').KeptSecrets | null} told.secrets which it needs; null: those that are here
 */
export function replaceCluster({ cluster, draft, secrets }) {
  // They travel with the database that they open.
  if (secrets !== null) writeAtomically(join(draft, SECRETS), `${JSON.stringify(secrets, null, 2)}\n`);
  renameSync(draft, `${cluster}${RESTORED}`);
  return takeRestored(cluster);
}

/**
 * Call it before the secrets are read. Returns where the database is that was here before; null: there was none.
 *
 * @param {string} cluster
 * @returns {string | null}
 */
export function takeRestored(cluster) {
  const restored = `${cluster}${RESTORED}`;
  if (!exists(restored)) return null;
  const behind = `.before-restore-${new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)}`;
  const secrets = join(dirname(cluster), SECRETS);
  const demo = join(dirname(cluster), DEMO);
  if (exists(join(restored, SECRETS))) {
    if (exists(demo)) renameSync(demo, `${demo}${behind}`);
    if (exists(secrets)) copyFileSync(secrets, `${secrets}${behind}`);
    renameSync(join(restored, SECRETS), secrets);
  }
  const aside = exists(cluster) ? `${cluster}${behind}` : null;
  if (aside !== null) renameSync(cluster, aside);
  renameSync(restored, cluster);
  return aside;
}
