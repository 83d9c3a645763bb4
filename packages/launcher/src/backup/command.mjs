// The two commands of backups, as the user writes them. The data folder is that of `npm start`.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from '../../../../scripts/errors.mjs';
import { Refusal } from '../refusal.mjs';
import { alreadyThere, backUp, placeOf } from './backup.mjs';
import { readPassphrase } from './passphrase.mjs';
import { restore } from './restore.mjs';

const USAGE = {
  backup: 'Usage: npm run lumi -- backup FILE [--with-secrets]',
  restore: 'Usage: npm run lumi -- restore FILE [--other-installation]',
};

/** Behind the commands that work on every database (`lumi help`). */
export const BACKUP_HELP = `
Of the embedded PostgreSQL (docs/deploying.md, "Backups"):
  backup FILE [--with-secrets]          everything, encrypted with a passphrase; also while Lumi runs
  restore FILE [--other-installation]   puts it back; Lumi must be stopped`;

/** @typedef {keyof typeof USAGE} Command */
/** @typedef {{ file: string; flags: ReadonlySet<string>; passphrase: string }} Asked */

/** @param {string | undefined} word @returns {word is Command} */
export function isBackupCommand(word) {
  return word === 'backup' || word === 'restore';
}

/**
 * What the user asked for, with the passphrase. Refuses what can be refused before anything is opened.
 *
 * @param {Command} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Asked>}
 */
export async function readAsked(command, args, env) {
  if (env.DATABASE_URL)
    throw new Refusal(
      `${command} is for the embedded PostgreSQL. DATABASE_URL names one of your own: docs/deploying.md, ` +
        '"Backups", says how that is saved and restored.',
    );
  const flag = command === 'backup' ? 'with-secrets' : 'other-installation';
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: { [flag]: { type: 'boolean' } } });
  } catch (err) {
    throw new Refusal(`${messageOf(err)}. ${USAGE[command]}`);
  }
  const [named, ...more] = parsed.positionals;
  if (named === undefined || more.length > 0) throw new Refusal(USAGE[command]);
  const file = placeOf(named, env);
  if (command === 'backup' && existsSync(file)) throw alreadyThere(file);
  if (command === 'restore' && !existsSync(file)) throw new Refusal(`There is no file ${file}.`);
  const passphrase = await readPassphrase({ env, isNew: command === 'backup' });
  return { file, passphrase, flags: new Set(Object.keys(parsed.values)) };
}

/**
 * @param {Asked} asked
 * @param {Pick<Parameters<typeof backUp>[0], 'root' | 'ownerUrl' | 'secrets' | 'signal'>} told
 */
export async function runBackup({ file, passphrase, flags }, told) {
  const withSecrets = flags.has('with-secrets');
  const end = await backUp({ ...told, file, passphrase, withSecrets, say: sayer(told.signal) });
  console.log(`Saved ${sumOf(end)} in ${file}, encrypted.`);
  console.log(
    withSecrets
      ? 'It holds the secrets of this installation: the file and its passphrase together are the installation.'
      : 'It does not hold secrets.json of the data folder. Keep a copy of that elsewhere: without it no key works.',
  );
}

/**
 * @param {Asked} asked
 * @param {Pick<Parameters<typeof restore>[0], 'root' | 'data' | 'audit' | 'signal'>} told
 */
export async function runRestore({ file, passphrase, flags }, told) {
  const isOtherAllowed = flags.has('other-installation');
  const say = sayer(told.signal);
  const { manifest, end, aside, isOpened } = await restore({ ...told, file, passphrase, isOtherAllowed, say });
  console.log(`Restored ${sumOf(end)}, as it was at ${manifest.made_at}. The books are right.`);
  if (aside !== null) console.log(`The database that was here is now ${aside}; delete it when nothing is missed.`);
  if (!isOpened)
    console.log(
      'It runs with other secrets than those it was made with: keys of it do not work, and what is sealed in it ' +
        '(passwords of proxies, root passwords, auth codes) cannot be opened. Issue new keys: npm run lumi -- ' +
        'keys issue.',
    );
  console.log(
    'Suppliers may have done more since then. Start Lumi: its check of the books finds it within minutes and lists ' +
      'it under GET /admin/reconciliation.',
  );
}

/** @param {import('./frames.mjs').End} end */
function sumOf({ rows }) {
  const of = (/** @type {string} */ table) => rows[`platform.${table}`] ?? 0;
  const all = Object.values(rows).reduce((sum, count) => sum + count, 0);
  return (
    `${all} rows of ${Object.keys(rows).length} tables (${of('account')} accounts, ${of('orders')} orders, ` +
    `${of('entry')} ledger lines)`
  );
}

/**
 * Progress, which is also where a stop is noticed.
 *
 * @param {AbortSignal} signal
 */
function sayer(signal) {
  return (/** @type {string} */ line) => {
    signal.throwIfAborted();
    console.error(`  ${line}`);
  };
}
