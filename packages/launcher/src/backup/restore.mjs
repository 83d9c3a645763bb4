// `npm run lumi -- restore FILE`: makes a second database beside the present one, brings the backup into it, audits it,
// and only then puts it in the place of the present one, which stays under another name. Whatever fails before that has
// changed nothing.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../../scripts/errors.mjs';
import { hasCluster } from '../cluster-files.mjs';
import { exists } from '../data-folder.mjs';
import { prepareDatabase } from '../database.mjs';
import { EmbeddedPostgres } from '../embedded-postgres.mjs';
import { Refusal } from '../refusal.mjs';
import { replaceCluster, takeRestored } from '../restored-cluster.mjs';
import { loadSecrets, makeSecrets, parseSecrets, publicKeys } from '../secrets.mjs';
import { framesOf, installationOf, verify } from './backup.mjs';
import { keepSuppliersRecords, loadRows, makeTables, mustKnowMigrations } from './load.mjs';

/** @typedef {import('../secrets.mjs').Secrets} Secrets */
/** @typedef {import('../data-folder.mjs').DataFolder} DataFolder */
/** @typedef {import('./frames.mjs').Manifest} Manifest */
/** @typedef {import('./frames.mjs').End} End */
/** @typedef {(line: string) => void} Say */
/** @typedef {(ownerUrl: string, secrets: Secrets) => Promise<number>} Audit exit code of `lumi audit` */

/**
 * @param {object} told
 * @param {string} told.file
 * @param {string} told.passphrase
 * @param {boolean} told.isOtherAllowed a backup of another installation
 * @param {string} told.root
 * @param {DataFolder} told.data
 * @param {Audit} told.audit
 * @param {Say} told.say
 * @param {AbortSignal} told.signal
 */
export async function restore({ file, passphrase, isOtherAllowed, root, data, audit, say, signal }) {
  const inUse = data.refusalIfInUse();
  if (inUse !== null) throw new Refusal(`Stop Lumi before you restore. ${inUse.message}`);
  say('checking the file …');
  const { manifest, end } = await verify(file, passphrase, signal);
  mustKnowMigrations(manifest, root);
  // What is refused makes no folder.
  if (!exists(data.path)) chooseSecrets({ data, manifest, end, isOtherAllowed });
  await data.open();
  const cluster = join(data.path, 'postgres');
  const draft = `${cluster}.restoring`;
  rmSync(draft, { recursive: true, force: true });
  try {
    // An earlier restore that was cut off is finished first: what it brought is the present database.
    takeRestored(cluster);
    const { secrets, isNew, isSame } = chooseSecrets({ data, manifest, end, isOtherAllowed });
    await fill({
      draft,
      cluster,
      file,
      passphrase,
      manifest,
      chosen: { secrets, isSame },
      root,
      data,
      audit,
      say,
      signal,
    });
    const { identityPublicKeys: _derived, ...kept } = secrets;
    const aside = replaceCluster({ cluster, draft, secrets: isNew ? kept : null });
    return { manifest, end, aside, isOpened: installationOf(secrets) === manifest.installation };
  } finally {
    rmSync(draft, { recursive: true, force: true });
    data.close();
  }
}

/**
 * The secrets with which the restored database will run. Refuses a backup of another installation, and one whose keys
 * nobody could use.
 *
 * @param {{ data: DataFolder; manifest: Manifest; end: End; isOtherAllowed: boolean }} told
 * @returns {{ secrets: Secrets; isNew: boolean; isSame: boolean }} isNew: they are not the ones of this folder; isSame:
 *   the database that is here is of the same installation
 */
function chooseSecrets({ data, manifest, end, isOtherAllowed }) {
  const present = exists(join(data.path, 'secrets.json')) ? loadSecrets(data.path, { hasData: true }) : null;
  const kept = end.secrets === undefined ? null : withPublicKeys(parseSecrets(end.secrets));
  const hasDatabase = hasCluster(join(data.path, 'postgres'));
  if (present !== null && installationOf(present) === manifest.installation)
    return { secrets: present, isNew: false, isSame: true };
  if (present === null && kept !== null && !hasDatabase) return { secrets: kept, isNew: true, isSame: true };
  if (!isOtherAllowed) throw otherInstallation({ data, manifest, present, hasDatabase, hasSecrets: kept !== null });
  if (kept === null && present !== null) return { secrets: present, isNew: false, isSame: false };
  // Written with the database, and not before it has its place: beside another database they would pass for its own.
  return { secrets: kept ?? withPublicKeys(makeSecrets()), isNew: true, isSame: false };
}

/**
 * @param {object} told
 * @param {DataFolder} told.data
 * @param {Manifest} told.manifest
 * @param {Secrets | null} told.present
 * @param {boolean} told.hasDatabase
 * @param {boolean} told.hasSecrets the backup
 */
function otherInstallation({ data, manifest, present, hasDatabase, hasSecrets }) {
  if (present !== null)
    return new Refusal(
      `The backup is of installation ${manifest.installation}, and ${data.path} is ${installationOf(present)}. ` +
        'With --other-installation its data replaces what is here. Nothing was changed.',
    );
  const first = hasDatabase
    ? `${data.path} has a database and no secrets.json, so it may be of another installation than the backup.`
    : `The backup holds no secrets, and ${data.path} has none: no key of it would work.`;
  const instead = hasSecrets
    ? 'use --other-installation: the backup with its secrets takes its place, and it stays beside it.'
    : 'use --other-installation and issue new keys.';
  return new Refusal(
    `${first} Put the secrets.json of installation ${manifest.installation} there, or ${instead} Nothing was changed.`,
  );
}

/**
 * @param {import('../secrets.mjs').KeptSecrets} secrets
 * @returns {Secrets}
 */
function withPublicKeys(secrets) {
  return { ...secrets, identityPublicKeys: publicKeys(secrets.identityPrivateKey) };
}

/**
 * @param {object} told
 * @param {string} told.draft
 * @param {string} told.cluster
 * @param {string} told.file
 * @param {string} told.passphrase
 * @param {Manifest} told.manifest
 * @param {{ secrets: Secrets; isSame: boolean }} told.chosen
 * @param {string} told.root
 * @param {DataFolder} told.data
 * @param {Audit} told.audit
 * @param {Say} told.say
 * @param {AbortSignal} told.signal
 */
async function fill({ draft, cluster, file, passphrase, manifest, chosen, root, data, audit, say, signal }) {
  const { secrets, isSame } = chosen;
  const open = (/** @type {string} */ folder) =>
    new EmbeddedPostgres({
      root,
      folder,
      logs: data.logs,
      password: secrets.ownerPassword,
      say: () => undefined,
      onGiveUp: (err) => say(err.message),
    });
  const postgres = open(draft);
  try {
    say('making a second database …');
    const ownerUrl = await postgres.start();
    const { rolePasswords } = secrets;
    await makeTables({ manifest, root, ownerUrl, passwords: rolePasswords });
    await withClient(ownerUrl, (client) => loadRows(client, framesOf(file, passphrase), say, signal));
    await prepareDatabase({ root, ownerUrl, rolePasswords });
    say('auditing …');
    if ((await audit(ownerUrl, secrets)) !== 0)
      throw new Refusal('The books of the backup are wrong (see above). Nothing was changed.');
    if (isSame && hasCluster(cluster)) await keepRecords(open(cluster), ownerUrl, say);
    signal.throwIfAborted();
    await withClient(ownerUrl, async (client) => {
      // The check of the books and of the suppliers' logs is due at once.
      await client.query('UPDATE platform.reconciliation SET next_at = now()');
      await client.query('ANALYZE');
    });
  } finally {
    await postgres.stop();
  }
}

/**
 * @param {EmbeddedPostgres} present
 * @param {string} into
 * @param {Say} say
 */
async function keepRecords(present, into, say) {
  let from;
  try {
    from = await present.start();
  } catch (err) {
    say(
      `the present database does not start (${messageOf(err)}); what the sandbox suppliers recorded is as in the ` +
        'backup',
    );
    return;
  }
  try {
    const records = await withClient(from, (old) =>
      withClient(into, (client) => keepSuppliersRecords({ from: old, into: client })),
    );
    say(`the sandbox suppliers' own ${records} records stay as they are now`);
  } finally {
    await present.stop();
  }
}

/**
 * @template T
 * @param {string} url
 * @param {(client: import('pg').Client) => Promise<T>} work
 */
async function withClient(url, work) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // A lost connection is reported to the query in flight.
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
