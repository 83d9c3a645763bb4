// `npm run lumi -- users create …`: the lumi command on this installation. It takes its settings from the data folder.
// When Lumi is not running, the embedded PostgreSQL is started for as long as the command takes.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataFolder } from './data-folder.mjs';
import { EmbeddedPostgres, embeddedUrl } from './embedded-postgres.mjs';
import { checkDatabase } from './external-servers.mjs';
import { hasCluster } from './cluster-files.mjs';
import { takeRestored } from './restored-cluster.mjs';
import { loadSecrets } from './secrets.mjs';
import { prepareDatabase, urlsOf } from './database.mjs';
import { readDemo } from './seed.mjs';
import { Refusal, explain } from './refusal.mjs';
import { readOptions } from './options.mjs';
import { build } from '../../../scripts/build.mjs';
import { codeOf, stackOf } from '../../../scripts/errors.mjs';
import { install } from '../../../scripts/install.mjs';

/** @typedef {import('./options.mjs').Options} Options */
/** @typedef {import('./secrets.mjs').Secrets} Secrets */

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
/** It looks and changes nothing: no installation is made, no schema migrated. */
const isDoctor = process.argv[2] === 'doctor';
const stopping = new AbortController();
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** @param {Options} options */
async function main(options) {
  await install({ tools: false });
  await build();
  const { folder } = options;
  const cluster = join(folder, 'postgres');
  const data = new DataFolder(folder);
  const work = await chooseWork(options, data);
  if (work === null) return 0;
  const isRunning = data.refusalIfInUse() !== null;
  if (isDoctor && !isRunning && options.databaseUrl === undefined && !hasCluster(cluster))
    throw new Refusal(`There is no installation in ${folder} yet; start Lumi once (npm start).`);
  if (!isRunning) {
    await data.open();
    takeRestored(cluster);
  }
  const secrets = loadSecrets(folder, { hasData: hasCluster(cluster) });
  const { databaseUrl } = options;
  if (databaseUrl !== undefined) {
    if (!isDoctor) await checkDatabase(root, databaseUrl);
    return finish(data, null, () => work(secrets, databaseUrl, isRunning));
  }
  if (isRunning)
    return work(secrets, embeddedUrl({ password: secrets.ownerPassword, port: runningPort(cluster) }), true);
  const postgres = new EmbeddedPostgres({
    root,
    folder: cluster,
    logs: data.logs,
    password: secrets.ownerPassword,
    say: () => undefined,
    onGiveUp: fail,
  });
  return finish(data, postgres, async () => {
    const ownerUrl = await postgres.start();
    // The doctor changes nothing: it says that a schema is old.
    if (!isDoctor) await prepareDatabase({ root, ownerUrl, rolePasswords: secrets.rolePasswords });
    return work(secrets, ownerUrl, false);
  });
}

/**
 * @typedef {(secrets: Secrets, ownerUrl: string, isRunning: boolean) => Promise<number>} Work what is done with the
 *   database; the exit code
 */

/**
 * A backup reads the database from here, a restore needs it stopped (null: done), all else is a process of its own.
 *
 * @param {Options} options
 * @param {DataFolder} data
 * @returns {Promise<Work | null>}
 */
async function chooseWork(options, data) {
  const [command, ...args] = process.argv.slice(2);
  const backups = await import('./backup/command.mjs');
  if (!backups.isBackupCommand(command))
    return async (secrets, ownerUrl, isRunning) => {
      const code = await run(options, secrets, ownerUrl, isRunning);
      if (command === undefined || command === 'help') console.log(backups.BACKUP_HELP);
      return code;
    };
  const asked = await backups.readAsked(command, args, process.env);
  if (command === 'backup')
    return async (secrets, ownerUrl) => {
      await backups.runBackup(asked, { root, ownerUrl, secrets, signal: stopping.signal });
      return 0;
    };
  const audit = (/** @type {string} */ ownerUrl, /** @type {Secrets} */ secrets) =>
    run(options, secrets, ownerUrl, false, ['audit']);
  await backups.runRestore(asked, { root, data, audit, signal: stopping.signal });
  return null;
}

/**
 * @template T
 * @param {DataFolder} data
 * @param {EmbeddedPostgres | null} postgres
 * @param {() => Promise<T>} work
 */
async function finish(data, postgres, work) {
  try {
    return await work();
  } finally {
    await postgres?.stop();
    data.close();
  }
}

/**
 * @param {Options} options
 * @param {Secrets} secrets
 * @param {string} ownerUrl
 * @param {boolean} isRunning
 * @param {readonly string[]} [args] of the command
 * @returns {Promise<number>} the exit code
 */
function run(options, secrets, ownerUrl, isRunning, args = process.argv.slice(2)) {
  return new Promise((resolve, reject) => {
    const urlOf = urlsOf({ root, ownerUrl, rolePasswords: secrets.rolePasswords });
    const env = {
      ...options.surroundings,
      ...(isDoctor ? seenByDoctor(options, isRunning) : {}),
      DATABASE_URL: urlOf('lumi_admin'),
      KEY_PEPPERS: secrets.keyPeppers,
      SECRET_RING: secrets.secretRing,
    };
    const child = spawn(
      process.execPath,
      [join(root, 'packages', 'shared', 'dist', 'house-keeping', 'admin', 'lumi.js'), ...args],
      { env, stdio: 'inherit' },
    );
    running = child;
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/**
 * What the doctor looks at beside the database.
 *
 * @param {Options} options
 * @param {boolean} isRunning
 */
function seenByDoctor({ folder, redisUrl, handedThrough }, isRunning) {
  const gateway = isRunning ? readDemo(folder)?.gateway : undefined;
  const { REDIS_PREFIX: prefix } = handedThrough('all');
  return {
    LUMI_DATA_DIR: folder,
    LUMI_STOPPED: String(!isRunning),
    ...(gateway === undefined ? {} : { PUBLIC_URL: gateway }),
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    ...(prefix === undefined ? {} : { REDIS_PREFIX: prefix }),
  };
}

/**
 * The fourth line of PostgreSQL's own pid file.
 *
 * @param {string} cluster
 */
function runningPort(cluster) {
  try {
    return Number.parseInt(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[3] ?? '', 10);
  } catch (err) {
    if (codeOf(err) === 'ENOENT') throw new Refusal('Lumi is just starting or stopping; try again in a moment.');
    throw err;
  }
}

/** @param {unknown} err */
function fail(err) {
  if (isDoctor && err instanceof Refusal) {
    const reasons = err.message.split('\n').filter((line) => !line.endsWith(':'));
    console.log(reasons.map((reason) => `fail  installation: ${reason.trim()}`).join('\n'));
    process.exit(1);
  }
  console.error(err instanceof Refusal ? err.message : stackOf(err));
  process.exit(1);
}

// Ctrl-C and SIGTERM end the command itself; then the servers that it started are stopped as after any other end.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(name, () => {
    running?.kill('SIGTERM');
    stopping.abort(new Refusal('Stopped. Nothing was changed.'));
  });
let folder = '.lumi';
try {
  const options = readOptions(process.env, root);
  folder = options.folder;
  process.exitCode = await main(options);
} catch (err) {
  fail(explain(err, folder));
}
